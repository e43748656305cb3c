import { METHODS } from 'node:http';
import { Injectable } from '@nestjs/common';
import { EVENT_ID_FORM, isEventId, isRunId, RUN_ID_FORM, toHeaderMap } from '@stepwell/core';
import { Problem, problemIn } from '@stepwell/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hangUpSignal } from '../asking/hang-up';
import { UserIds } from '../auth/user-ids';
import { headerPairs } from '../http/header-pairs';
import { rawId, rawIds } from '../http/raw-target';
import { sendJson, sendProblem } from '../http/send-answer';
import { SubmissionDesk } from '../submissions/submission.desk';
import { hookNotice } from './hook-notice';
import { NoticeDesk } from './notice.desk';
import { notifiedWaiterOf } from './waiter.view';

/** A tunnel is no call, and a client could not make a `Request` of the others (the fetch standard forbids them). */
const NO_HOOK_METHODS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK'];

/**
 * Waits, notices and webhooks (protocol.md 8.4-8.6): like submissions, they are routes of the HTTP server itself.
 *
 * 1. None of them is shed under load: each belongs to a live run (B4).
 * 2. A webhook is called by strangers: it needs no token but names a user of ours in its path, and tells nothing.
 */
@Injectable()
export class EventRoutes {
  constructor(
    private readonly submissions: SubmissionDesk,
    private readonly notices: NoticeDesk,
    private readonly users: UserIds,
  ) {}

  register(server: FastifyInstance): void {
    for (const method of METHODS.filter((each) => !server.supportedMethods.includes(each))) {
      if (!NO_HOOK_METHODS.includes(method)) server.addHttpMethod(method, { hasBody: true });
    }
    server.post('/v2/wait/-', (request, reply) => this.wait(request, reply));
    server.post('/v2/notify/-', (request, reply) => this.notify(request, reply));
    server.route({
      method: server.supportedMethods.filter((method) => !NO_HOOK_METHODS.includes(method)),
      url: '/v2/workflows/hooks/-',
      config: { open: true },
      handler: (request, reply) => this.hook(request, reply),
    });
  }

  private async wait(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wait = {
      eventId: rawId(request.originalUrl, '/v2/wait/'),
      headers: toHeaderMap(headerPairs(request.raw)),
      body: bodyOf(request) ?? '',
    };
    const outcome = await this.submissions.wait(wait, request.ip, hangUpSignal(reply.raw));
    return outcome instanceof Problem ? sendProblem(reply, outcome) : sendJson(reply, outcome);
  }

  /** One segment is an event, two are a run and an event (8.5). */
  private async notify(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [first = '', second] = rawIds(request.originalUrl, '/v2/notify/', 2);
    const runId = second === undefined ? undefined : first;
    const eventId = second ?? first;
    if (!isEventId(eventId)) throw new Problem('INVALID_EVENT_ID', EVENT_ID_FORM);
    if (runId !== undefined && !isRunId(runId)) throw new Problem('INVALID_RUN_ID', RUN_ID_FORM);
    const body = bodyOf(request);
    const notice = { eventId, kind: 'event', ...(body === undefined ? {} : { body }) } as const;
    const hangUp = hangUpSignal(reply.raw);
    const notified =
      runId === undefined
        ? await this.notices.broadcast(notice, hangUp)
        : await this.notices.send(runId, notice, hangUp).catch(nobodyIfEnded);
    return sendJson(reply, notified.map(notifiedWaiterOf));
  }

  private async hook(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [userId = '', runId = '', eventId = ''] = rawIds(request.originalUrl, '/v2/workflows/hooks/', 3);
    if (!this.users.knows(userId) || !isRunId(runId) || !isEventId(eventId)) {
      throw new Problem('NOT_FOUND', 'there is no such webhook');
    }
    const notice = { eventId, kind: 'webhook', body: hookNotice(request) } as const;
    try {
      await this.notices.send(runId, notice, hangUpSignal(reply.raw));
    } catch (error) {
      if (hasCode(error, 'RUN_ENDED')) throw new Problem('RUN_ENDED', 'the run has ended', { status: 404 });
      throw error;
    }
    return sendJson(reply, {});
  }
}

const bodyOf = ({ body }: FastifyRequest): Buffer | undefined =>
  Buffer.isBuffer(body) && body.length > 0 ? body : undefined;

const hasCode = (error: unknown, code: Problem['code']): boolean => problemIn(error)?.code === code;

/** As with a broadcast that nobody waits for. A 400 would be taken for the end of the run that notifies (protocol.md 7.4). */
function nobodyIfEnded(error: unknown): [] {
  if (hasCode(error, 'RUN_ENDED')) return [];
  throw error;
}
