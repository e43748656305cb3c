import { Injectable } from '@nestjs/common';
import type { BatchItem, GiveUpSignal, ReceivedItem } from '@stepwell/core';
import { toHeaderMap } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hangUpSignal } from '../asking/hang-up';
import { GatewayConfig } from '../gateway.config';
import type { HotRoute } from '../http/hot-routes';
import { headerPairs } from '../http/header-pairs';
import { rawDestination } from '../http/raw-target';
import { sendJson, sendProblem } from '../http/send-answer';
import { batchSchema, parseBatch, parsedItems, receivedItems } from './batch-body';
import type { AcceptedItem, RefusedItem, TriggeredRun } from './submission.answers';
import type { ItemOutcome } from './submission.desk';
import { SubmissionDesk } from './submission.desk';

const BATCH = '/v2/batch';

/**
 * `POST /v2/batch` and `POST /v2/publish/{destination}`: every step of every run comes this way, so they are routes of the HTTP
 * server itself, without Nest's pipeline around them (architecture.md 7a). The triggers beside them differ in how headers are read.
 */
@Injectable()
export class SubmissionRoutes {
  constructor(
    private readonly desk: SubmissionDesk,
    private readonly config: GatewayConfig,
  ) {}

  register(server: FastifyInstance): void {
    server.post('/v2/publish/-', (request, reply) => this.publish(request, reply));
    server.post('/v2/trigger/-', (request, reply) => this.trigger(request, reply));
    // Bodies that are read as JSON, whatever their content type says; a scope of its own keeps that parser to these routes.
    server.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
        try {
          parsed(null, parseBatch(body, this.config.batchLimit));
        } catch (error) {
          parsed(error instanceof Error ? error : new Problem('INVALID_JSON'));
        }
      });
      scope.post<{ Body: BatchItem[] }>(BATCH, { schema: { body: batchSchema } }, (request, reply) =>
        this.batch(request, reply),
      );
      scope.post<{ Body: BatchItem[] }>('/v2/batch/trigger', { schema: { body: batchSchema } }, (request, reply) =>
        this.batchTrigger(request, reply),
      );
      done();
    });
  }

  private async publish(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const item = receivedRequest(request, '/v2/publish/');
    const [outcome = new Problem('INTERNAL')] = await this.desk.submit([item], request.ip, hangUpSignal(reply.raw));
    return outcome instanceof Problem ? sendProblem(reply, outcome) : sendJson(reply, outcome);
  }

  /** The same route where it is hot: without the router's schema, by core's own. */
  hotRoutes(): readonly HotRoute[] {
    return [
      {
        method: 'POST',
        route: BATCH,
        needsBody: true,
        takes: (target) => target === BATCH,
        answer: ({ body, callerIp, hangUp }) =>
          this.batchOf(parsedItems(parseBatch(body, this.config.batchLimit)), callerIp, hangUp),
      },
    ];
  }

  private async batch(request: FastifyRequest<{ Body: BatchItem[] }>, reply: FastifyReply): Promise<FastifyReply> {
    const items = receivedItems(request.body);
    return sendJson(reply, await this.batchOf(items, request.ip, hangUpSignal(reply.raw)));
  }

  private async batchOf(items: readonly ReceivedItem[], callerIp: string, hangUp: GiveUpSignal): Promise<object> {
    const outcomes = await this.desk.submit(items, callerIp, hangUp);
    const temporary = outcomes.find((outcome) => outcome instanceof Problem && outcome.isTemporary);
    // Every item names its run, or what it is about: what was recorded will be recognised when all of it comes again.
    if (temporary instanceof Problem) throw temporary;
    return entriesOf(outcomes, (item) => item);
  }

  private async trigger(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const item = receivedRequest(request, '/v2/trigger/');
    const [outcome = new Problem('INTERNAL')] = await this.desk.trigger([item], request.ip, hangUpSignal(reply.raw));
    return outcome instanceof Problem ? sendProblem(reply, outcome) : sendJson(reply, triggered(outcome));
  }

  private async batchTrigger(
    request: FastifyRequest<{ Body: BatchItem[] }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const items = receivedItems(request.body);
    const outcomes = await this.desk.trigger(items, request.ip, hangUpSignal(reply.raw));
    const entries = entriesOf(outcomes, triggered);
    return sendJson(reply.code(201), entries);
  }
}

const triggered = ({ workflowRunId, workflowCreatedAt, deduplicated }: AcceptedItem): TriggeredRun => ({
  workflowRunId,
  workflowCreatedAt,
  deduplicated: deduplicated === true,
});

/**
 * Clients don't look for errors among the entries, so that a batch of which nothing was done must not look like a success.
 * @throws Problem then, the first
 */
function entriesOf(
  outcomes: readonly ItemOutcome[],
  entryOf: (item: AcceptedItem) => AcceptedItem | TriggeredRun,
): object {
  const [first] = outcomes;
  if (first instanceof Problem && outcomes.every((outcome) => outcome instanceof Problem)) throw first;
  return outcomes.map((outcome) => (outcome instanceof Problem ? refused(outcome) : entryOf(outcome)));
}

const refused = ({ body, status }: Problem): RefusedItem => ({ ...body, status });

/** A submission that is a request of its own: the destination in its path, the rest as it is. */
const receivedRequest = (request: FastifyRequest, prefix: '/v2/publish/' | '/v2/trigger/'): ReceivedItem => ({
  destination: rawDestination(request.originalUrl, prefix),
  headers: toHeaderMap(headerPairs(request.raw)),
  body: Buffer.isBuffer(request.body) ? request.body : '',
});
