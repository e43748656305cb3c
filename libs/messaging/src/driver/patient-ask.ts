import type { AskAddress, AskOptions, Clock, GiveUpSignal, Message } from '@stepwell/core';
import { NobodyAnswered } from '@stepwell/core';

/*
 * Owns the patience of one ask (B1): tries again until it is answered or the patience is over. Who answers, and how the message
 * gets there, is the driver's.
 *
 * 1. Every try is the same ask: the driver sends the same askId (B3).
 * 2. A try that nobody heard is repeated after a growing pause; one that was heard but not answered, at once: it has waited.
 * 3. The end of the patience is an unknown outcome, never a refusal.
 * 4. Time and chance are the process's own, unless the driver has others: what is simulated has to happen the same way twice.
 */

const DEFAULT_TRY_MS = 2_000;
const DEFAULT_PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

/** `unanswered`: the try's time passed. `unheard`: nobody was there, or who was there kept silent and we know it. */
export type Try = Message<unknown> | 'unanswered' | 'unheard';

export interface PatientAsk {
  readonly name: string;
  readonly address: AskAddress;
  /** Makes one try; never rejects. */
  attempt(timeoutMs: number): Promise<Try>;
  /** False when the bus is closed: then nobody ever answers. */
  mayGoOn(): boolean;
}

/** What patience is measured by; `random` spreads those who ask again, in [0, 1). */
export interface AskTime extends Pick<Clock, 'monotonicMs' | 'after'> {
  random(): number;
}

/** Bare timers: there are two of these in every ask that waits, and a service's clock is the store's. */
const PROCESS_TIME: AskTime = {
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref();
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};

export async function askPatiently(
  ask: PatientAsk,
  options: AskOptions = {},
  time: AskTime = PROCESS_TIME,
): Promise<Message<unknown>> {
  const { tryMs = DEFAULT_TRY_MS, patienceMs = DEFAULT_PATIENCE_MS, signal } = options;
  const startedMs = time.monotonicMs();
  const endMs = startedMs + patienceMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (ask.mayGoOn() && signal?.aborted !== true) {
    const attempt = ask.attempt(Math.max(1, Math.min(tryMs, endMs - time.monotonicMs())));
    const outcome = signal === undefined ? await attempt : await unlessAborted(attempt, signal);
    if (outcome !== 'unanswered' && outcome !== 'unheard') return outcome;
    const leftMs = endMs - time.monotonicMs();
    if (leftMs <= 0) break;
    if (outcome === 'unheard') {
      await pause(time, Math.min(leftMs, pauseMs * (0.5 + time.random() / 2)), signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
  throw new NobodyAnswered(ask.name, describeAddress(ask.address), Math.round(time.monotonicMs() - startedMs));
}

function describeAddress(address: AskAddress): string {
  if (typeof address === 'string') return address === 'any' ? 'any process' : 'all processes';
  return 'partition' in address ? `partition ${String(address.partition)}` : `member ${address.member}`;
}

function unlessAborted(attempt: Promise<Try>, signal: GiveUpSignal): Promise<Try> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      resolve('unanswered');
    };
    signal.addEventListener('abort', giveUp, { once: true });
    void attempt.then((outcome) => {
      signal.removeEventListener('abort', giveUp);
      resolve(outcome);
    });
  });
}

function pause(time: AskTime, delayMs: number, signal: GiveUpSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = time.after(delayMs, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
