import type { AskOptions, AttemptKey, Bus, Clock, WorkContext } from '@stepwell/core';
import { GiveBack, NobodyAnswered, asks, message } from '@stepwell/core';
import type { FairGate } from '@stepwell/platform';
import { GateRefusal } from '@stepwell/platform';
import type { Logger } from 'pino';
import { RunGone } from '../body/run.history';
import type { CallClass, HttpCallerMetrics } from '../http-caller.metrics';
import type { ExchangeEnd } from '../outbound/http.exchange';
import type { HttpAttempt, RequestBody } from '../outbound/http-attempt';
import type { EffectLedger, Performed } from './effect.ledger';
import type { RunningAttempts } from './running.attempts';
import { attemptKey } from './running.attempts';

/*
 * One work item from arrival to acknowledgement (B2, H2, H3). Returning acknowledges it, `GiveBack` returns it to the bus.
 *
 * 1. Acknowledged only after the report was answered, or when nobody wants the attempt any more.
 * 2. Redelivered or old items are asked about first, in their place and right before the request: they may have waited here, for
 *    their place or for their body.
 * 3. Nothing answered = the outcome is unknown and ours: the item goes back, a finished request is kept by the ledger.
 * 4. Once the grace is over nothing is reported: the item goes back as if this process had died. A half-ended request is no
 *    attempt.
 */

/**
 * What was known for longer than this may have been overtaken (H2). Half of the second within which a cancelled run begins no call any
 * more; the other half is for the way.
 */
const FRESH_FOR_MS = 500;
/** Soon, but not at once: until the bus's own intake has stopped, the item could come straight back to us. */
const LEAVING_GIVE_BACK_MS = 100;
const FIRST_GIVE_BACK_MS = 500;
const LONGEST_GIVE_BACK_MS = 30_000;

export interface AttemptWork {
  readonly item: AttemptKey & {
    readonly effectId: string;
    readonly partition: number;
    readonly eventAt: number;
    readonly timeoutMs: number;
  };
  readonly callClass: CallClass;
  /** Requests to one origin queue behind one another. */
  readonly origin: string;
  /** Gets what is to be sent, which takes as long as run-state is away. @throws RunGone, NobodyAnswered */
  readonly prepare: () => Promise<RequestBody>;
  readonly send: (body: RequestBody) => Promise<ExchangeEnd>;
  readonly report: (attempt: HttpAttempt) => Promise<void>;
}

export interface AttemptRunnerParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly gate: FairGate;
  readonly ledger: EffectLedger;
  readonly running: RunningAttempts;
  readonly metrics: HttpCallerMetrics;
  readonly logger: Logger;
  readonly askOptions?: AskOptions | undefined;
  /** Spreads what is given back; in [0, 1). */
  readonly random: () => number;
}

export class AttemptRunner {
  private leaving = false;

  constructor(private readonly parts: AttemptRunnerParts) {}

  async run(work: AttemptWork, context: WorkContext): Promise<void> {
    const { ledger } = this.parts;
    const done = ledger.run(
      attemptKey(work.item),
      () => this.perform(work, context),
      (outcome) => this.report(work, outcome),
    );
    try {
      await done;
    } catch (error) {
      throw this.translate(error, work, context);
    }
  }

  /** No new requests; what waits for a place goes back. */
  stopIntake(): void {
    this.parts.gate.close();
  }

  /** Waits for what runs, until the grace is over; then lets go of it unreported (the bus gives the items back by itself). */
  async finish(grace: AbortSignal): Promise<void> {
    await Promise.race([this.parts.ledger.idle(), aborted(grace)]);
    this.leaving = true;
  }

  private async perform(work: AttemptWork, context: WorkContext): Promise<Performed> {
    try {
      return await this.parts.gate.run(work.origin, async () => {
        const known = { untilMs: context.deliveryCount > 1 ? -Infinity : work.item.eventAt + FRESH_FOR_MS };
        if (!this.isKnownWanted(known) && !(await this.stillWanted(work))) return 'dropped';
        const body = await work.prepare();
        try {
          if (!this.isKnownWanted(known) && !(await this.stillWanted(work))) return 'dropped';
          return await this.send(work, body);
        } finally {
          body.sent?.();
        }
      });
    } catch (error) {
      if (!(error instanceof RunGone)) throw error;
      this.parts.logger.info({ ...logIds(work) }, error.message);
      return 'dropped';
    }
  }

  /** If not, it is known from now on by what it is asked now. */
  private isKnownWanted(known: { untilMs: number }): boolean {
    const nowMs = this.parts.clock.nowMs();
    if (nowMs <= known.untilMs) return true;
    known.untilMs = nowMs + FRESH_FOR_MS;
    return false;
  }

  private async stillWanted({ item }: AttemptWork): Promise<boolean> {
    const { runId, messageId, attempt, partition } = item;
    const answer = await this.parts.bus.ask(
      asks.StillWanted,
      { partition },
      message({ runId, messageId, attempt }),
      this.parts.askOptions,
    );
    return answer.head.wanted;
  }

  private async send(work: AttemptWork, body: RequestBody): Promise<HttpAttempt> {
    const { metrics, running } = this.parts;
    const ended = metrics.began(work.callClass);
    const isOver = running.began(work.item, work.item.timeoutMs);
    let end: ExchangeEnd | undefined;
    try {
      end = await work.send(body);
      return end.attempt;
    } finally {
      isOver();
      ended(end);
      if (end !== undefined) this.log(work, end.attempt);
    }
  }

  private log(work: AttemptWork, { status, error, durationMs }: HttpAttempt): void {
    const failed = error !== undefined || status === undefined || status >= 300;
    const level = failed ? 'info' : 'debug';
    // What isn't written isn't put together: this is done for every step.
    if (!this.parts.logger.isLevelEnabled(level)) return;
    this.parts.logger[level](
      {
        ...logIds(work),
        origin: work.origin,
        status,
        durationMs,
        ...(error && { code: error.code, reason: error.message }),
      },
      failed ? 'request failed' : 'request succeeded',
    );
  }

  private async report(work: AttemptWork, attempt: HttpAttempt): Promise<void> {
    if (this.leaving) throw new GiveBack(LEAVING_GIVE_BACK_MS);
    await work.report(attempt);
  }

  private translate(error: unknown, work: AttemptWork, context: WorkContext): Error {
    if (error instanceof GiveBack) return error;
    if (error instanceof GateRefusal) {
      return new GiveBack(error.reason === 'closed' ? LEAVING_GIVE_BACK_MS : this.giveBackMs(context));
    }
    if (error instanceof NobodyAnswered) {
      this.parts.logger.warn({ ...logIds(work) }, `${error.message}; the item goes back`);
      return new GiveBack(this.giveBackMs(context));
    }
    this.parts.logger.error({ ...logIds(work), err: error }, 'a work item could not be handled');
    return error instanceof Error ? error : new Error(String(error));
  }

  /** Doubles with every delivery, spread over half its length, so that what was refused together doesn't return together. */
  private giveBackMs({ deliveryCount }: WorkContext): number {
    const full = Math.min(LONGEST_GIVE_BACK_MS, FIRST_GIVE_BACK_MS * 2 ** Math.min(deliveryCount - 1, 16));
    return Math.round(full * (0.75 + this.parts.random() / 2));
  }
}

const logIds = ({ item, callClass }: AttemptWork) => ({
  runId: item.runId,
  messageId: item.messageId,
  attempt: item.attempt,
  effectId: item.effectId,
  class: callClass,
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}
