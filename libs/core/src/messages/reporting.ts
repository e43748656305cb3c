import type { ErrorCode } from '../rest/error-codes';
import type { HeaderList, Submission } from '../wire/submission';
import type { BodyIndex } from './definition';

/*
 * How attempts ended: what the http-caller tells the owners of runs.
 */

/** How an HTTP attempt ended. `status` absent = no answer came; then `error` says why. */
export interface AttemptOutcome {
  readonly status?: number;
  /** Lower-case names; of a success only `upstash-*` and `content-type`. */
  readonly headers: HeaderList;
  /** Response body; of a successful delivery left out. */
  readonly body?: BodyIndex;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly durationMs: number;
}

export interface AttemptKey {
  readonly runId: string;
  readonly messageId: string;
  /** Number of the attempt, from 0, never used twice. Comes from run-state, never from a redelivery count (H2). */
  readonly attempt: number;
}

/**
 * What an endpoint submits in its answer to a step delivery. In `items` and `finish` bodies count from `bodies.from`: `count` bodies of
 * the message are theirs.
 */
export interface ReportedSteps {
  readonly items: readonly Submission[];
  /** The run ends with it; without a result it returned `undefined`. */
  readonly finish?: { readonly result?: BodyIndex };
  readonly bodies: { readonly from: BodyIndex; readonly count: number };
}

export interface DeliveryReport extends AttemptKey {
  readonly outcome: AttemptOutcome;
  /** Recorded together with the delivery's success, or not at all. Ids in it were made once for the attempt (B3). */
  readonly steps?: ReportedSteps;
  /** From what made this delivery to the run's endpoint due until its request began; absent where that isn't known. */
  readonly waitedMs?: number;
}
/** All of one partition. Answered when the last of them may be forgotten by the caller. */
export interface ReportDeliveriesRequest {
  readonly reports: readonly DeliveryReport[];
}
export type ReportCallRequest = DeliveryReport;
