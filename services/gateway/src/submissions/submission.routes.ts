import { Injectable } from '@nestjs/common';
import { toHeaderMap } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hangUpSignal } from '../asking/hang-up';
import { GatewayConfig } from '../gateway.config';
import { rawDestination } from '../http/raw-target';
import { JSON_TYPE, sendProblem } from '../http/send-problem';
import type { BatchItem } from './batch-body';
import { batchSchema, parseBatch, receivedItem } from './batch-body';
import type { ItemOutcome } from './submission.desk';
import { SubmissionDesk } from './submission.desk';

/**
 * `POST /v2/batch` and `POST /v2/publish/{destination}`: every step of every run comes this way, so they are routes of the HTTP
 * server itself, without Nest's pipeline around them (architecture.md 7a).
 */
@Injectable()
export class SubmissionRoutes {
  constructor(
    private readonly desk: SubmissionDesk,
    private readonly config: GatewayConfig,
  ) {}

  register(server: FastifyInstance): void {
    server.post('/v2/publish/-', (request, reply) => this.publish(request, reply));
    // The one route whose body is read as JSON, whatever its content type says; a scope of its own keeps that parser to it.
    server.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
        try {
          parsed(null, parseBatch(body, this.config.batchLimit));
        } catch (error) {
          parsed(error instanceof Error ? error : new Problem('INVALID_JSON'));
        }
      });
      scope.post<{ Body: BatchItem[] }>('/v2/batch', { schema: { body: batchSchema } }, (request, reply) =>
        this.batch(request, reply),
      );
      done();
    });
  }

  private async publish(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const item = {
      destination: rawDestination(request.originalUrl, '/v2/publish/'),
      headers: toHeaderMap(pairsOf(request.raw.rawHeaders)),
      body: Buffer.isBuffer(request.body) ? request.body : '',
    };
    const [outcome = new Problem('INTERNAL')] = await this.desk.submit([item], request.ip, hangUpSignal(reply.raw));
    return outcome instanceof Problem ? sendProblem(reply, outcome) : sendJson(reply, outcome);
  }

  private async batch(request: FastifyRequest<{ Body: BatchItem[] }>, reply: FastifyReply): Promise<FastifyReply> {
    const items = request.body.map(receivedItem);
    const outcomes = await this.desk.submit(items, request.ip, hangUpSignal(reply.raw));
    // Clients don't look for errors among the entries, so that a batch of which nothing was done must not look like a success.
    const [first] = outcomes;
    if (first instanceof Problem && outcomes.every((outcome) => outcome instanceof Problem))
      return sendProblem(reply, first);
    return sendJson(reply, outcomes.map(entryOf));
  }
}

const entryOf = (outcome: ItemOutcome): object =>
  outcome instanceof Problem ? { ...outcome.body, status: outcome.status } : outcome;

const sendJson = (reply: FastifyReply, json: object): FastifyReply => reply.type(JSON_TYPE).send(JSON.stringify(json));

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] ?? '', raw[at + 1] ?? '']);
  return pairs;
}
