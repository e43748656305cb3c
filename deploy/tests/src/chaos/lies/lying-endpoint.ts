import type { ServerResponse } from 'node:http';
import type { Answered, Came } from './http-relay';
import { give, HttpRelay, passOn } from './http-relay';

/*
 * What stands before an app and doesn't say what the app says. Each lie costs the delivery that it is told of one attempt at most, and the
 * run nothing else.
 */

const LIES = [
  'says 200 and does nothing',
  'says something else',
  'says that it failed',
  'breaks off in its answer',
  'says 200 before it is through',
  'does everything twice',
] as const;
export type Lie = (typeof LIES)[number];

/** 489 without its header is no failure for good. */
const FAILURES = [400, 404, 409, 413, 422, 429, 489, 500, 502, 503, 504];

export interface Told {
  readonly lie: Lie;
  readonly runId: string;
  readonly messageId: string;
  readonly retried: number;
}

export interface LyingEndpointParts {
  readonly appPort: () => number;
  readonly random: () => number;
  /** Of a delivery to be lied about. */
  readonly probability: number;
}

export class LyingEndpoint extends HttpRelay {
  readonly told: Told[] = [];

  constructor(private readonly parts: LyingEndpointParts) {
    super();
  }

  protected async handle(came: Came, response: ServerResponse): Promise<void> {
    const { random, probability, appPort } = this.parts;
    const runId = came.headers['upstash-workflow-runid'];
    const lie = LIES[Math.floor(random() * LIES.length)];
    if (runId === undefined || lie === undefined || random() >= probability) {
      give(response, await passOn(appPort(), came));
      return;
    }
    this.told.push({
      lie,
      runId: String(runId),
      messageId: String(came.headers['upstash-message-id']),
      retried: Number(came.headers['upstash-retried']),
    });
    await this.tell(lie, came, response);
  }

  private async tell(lie: Lie, came: Came, response: ServerResponse): Promise<void> {
    const { random, appPort } = this.parts;
    switch (lie) {
      case 'says 200 and does nothing':
        give(response, answer(200, '{"workflowRunId":"wfr_of-somebody-else"}'));
        return;
      case 'says something else':
        give(response, answer(200, '<html>\u0000{"stepId":', 'text/html'));
        return;
      case 'says that it failed':
        give(response, answer(FAILURES[Math.floor(random() * FAILURES.length)] ?? 500, 'no'));
        return;
      case 'breaks off in its answer': {
        const { status, headers, body } = await passOn(appPort(), came);
        const { 'transfer-encoding': _chunked, ...rest } = headers;
        response.writeHead(status, { ...rest, 'content-length': body.length + 10 });
        response.write(body, () => response.destroy());
        return;
      }
      case 'says 200 before it is through': {
        const done = passOn(appPort(), came).catch(() => undefined);
        give(response, answer(200, '{}'));
        await done;
        return;
      }
      case 'does everything twice': {
        const [first] = await Promise.all([passOn(appPort(), came), passOn(appPort(), came).catch(() => undefined)]);
        give(response, first);
        return;
      }
    }
  }
}

/** As a workflow's: who answers a first delivery without that header is none, and their run is over (protocol.md 5.6). */
const answer = (status: number, text: string, type = 'application/json'): Answered => ({
  status,
  headers: { 'content-type': type, 'upstash-workflow-sdk-version': '1' },
  body: Buffer.from(text),
});
