import type { HeaderList } from '@stepwell/core';
import type { Dispatcher } from 'undici';
import type { AttemptFailure } from './attempt.failure';
import { attemptFailure, timedOut, tooLarge } from './attempt.failure';
import type { AnswerRule, HttpAttempt, OutboundRequest } from './http-attempt';

/** Before an answer has begun there is nothing of it. */
const NOTHING_YET: AnswerRule = { keeps: false, maxBodyBytes: 0, over: 'cut' };

/** An attempt and, of a failed one, the error behind it (for the metric of the guard). */
export interface ExchangeEnd {
  readonly attempt: HttpAttempt;
  readonly cause?: unknown;
}

/**
 * One request on the wire: collects the answer and settles exactly once, whatever comes first: its end, an error, the deadline
 * or the cap. Late events of a settled exchange are ignored.
 */
export class HttpExchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private status: number | undefined;
  private headers: HeaderList = [];
  private rule: AnswerRule = NOTHING_YET;
  private chunks: Buffer[] = [];
  private receivedBytes = 0;
  private settled = false;

  constructor(
    private readonly request: Pick<OutboundRequest, 'url' | 'answer' | 'timeoutMs'>,
    private readonly elapsedMs: () => number,
    private readonly done: (end: ExchangeEnd) => void,
  ) {}

  /** The total deadline is over: settles at once, also while the connection is still being made. */
  expire(): void {
    const phase = this.controller === undefined ? 'connecting' : this.status === undefined ? 'waiting' : 'reading';
    this.fail(timedOut(this.request.timeoutMs, phase));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) controller.abort(new Error('too late'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number): void {
    if (this.settled || statusCode < 200) return;
    this.status = statusCode;
    this.headers = headerPairs(controller.rawHeaders);
    this.rule = this.request.answer(statusCode, this.headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    const { keeps, maxBodyBytes, over } = this.rule;
    const room = maxBodyBytes - this.receivedBytes;
    this.receivedBytes += chunk.byteLength;
    if (chunk.byteLength <= room) {
      if (keeps) this.chunks.push(chunk);
      return;
    }
    if (over !== 'cut') {
      this.fail(tooLarge(maxBodyBytes, over.raise));
      return;
    }
    if (keeps) this.chunks.push(chunk.subarray(0, room));
    this.complete();
    this.cut();
  }

  onResponseEnd(): void {
    this.complete();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(attemptFailure(error, this.request.url), error);
  }

  /** For what is thrown before the request begins (bad method, closed pool). */
  refuse(error: unknown): void {
    this.fail(attemptFailure(error, this.request.url), error);
  }

  private complete(): void {
    if (this.settled || this.status === undefined) return;
    this.settle({
      attempt: {
        status: this.status,
        headers: this.headers,
        ...(this.rule.keeps ? { body: Buffer.concat(this.chunks) } : {}),
        durationMs: this.elapsedMs(),
      },
    });
  }

  private fail(error: AttemptFailure, cause?: unknown): void {
    if (this.settled) return;
    this.settle({ attempt: { headers: [], error, durationMs: this.elapsedMs() }, cause });
    this.cut();
  }

  private settle(end: ExchangeEnd): void {
    this.settled = true;
    this.chunks = [];
    this.done(end);
  }

  private cut(): void {
    this.controller?.abort(new Error('no more is read'));
  }
}

/** Several values of one name stay several pairs, as Go's header lists keep them. */
function headerPairs(raw: Dispatcher.DispatchController['rawHeaders']): HeaderList {
  if (!Array.isArray(raw)) return [];
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    pairs.push([latin1(raw[i]).toLowerCase(), latin1(raw[i + 1])]);
  }
  return pairs;
}

const latin1 = (value: Buffer | string | undefined): string =>
  typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
