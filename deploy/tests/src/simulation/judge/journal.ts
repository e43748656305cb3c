/*
 * What the application, its users and the outside world wrote down. Append-only; the engine is asked nothing. Times are virtual, ms.
 */

export interface StepJournal {
  /** Results that the application gave, as JSON text. */
  readonly given: Set<string>;
  /** When something was first submitted that makes the step due: its result, its plan, or its request. */
  firstSentMs: number | undefined;
  planSentMs: number | undefined;
  /** When a result is known to be in the log: it was acknowledged, or came back in a delivery. */
  durableMs: number | undefined;
  /** As deliveries show it, JSON text of the outcome. */
  shown: string | undefined;
  /** A wait or an invoke that was acknowledged. */
  requestAckedMs: number | undefined;
  requestSentMs: number | undefined;
  requestId: string | undefined;
}

export interface DeliveryJournal {
  arrived: number;
  /** Attempts that counted and failed, as far as the application can tell. */
  bad: number;
  wasRefused: boolean;
  highestRetried: number;
  /** When a later delivery showed what followed it. */
  overMs: number | undefined;
}

export interface RunJournal {
  readonly runId: string;
  readonly program: number;
  readonly parent: string | undefined;
  startSentMs: number;
  startAckedMs: number | undefined;
  cancelSentMs: number | undefined;
  cancelAckedMs: number | undefined;
  finishSentMs: number | undefined;
  finishResult: string | undefined;
  readonly steps: Map<number, StepJournal>;
  readonly deliveries: Map<string, DeliveryJournal>;
  /** Requests to the third party, by step. */
  readonly calls: Map<number, number>;
  readonly announced: Set<string>;
  failureCallbacks: number;
}

export interface NoticeJournal {
  readonly eventId: string;
  readonly nonce: string;
  /** Of one run alone: it is kept until that waits. */
  readonly runId: string | undefined;
  readonly sentMs: number;
  ackedMs: number | undefined;
  /** Message ids of the waits that the answer lists. */
  listed: readonly { readonly runId: string; readonly messageId: string }[];
}

/** Somebody asked who waits for an event. */
export interface LookJournal {
  readonly eventId: string;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** Message ids of the waits. */
  readonly listed: ReadonlySet<string>;
}

export class Journal {
  readonly runs = new Map<string, RunJournal>();
  readonly notices: NoticeJournal[] = [];
  readonly looks: LookJournal[] = [];

  begin(runId: string, program: number, nowMs: number, parent?: string): RunJournal {
    const known = this.runs.get(runId);
    if (known) return known;
    const run: RunJournal = {
      runId,
      program,
      parent,
      startSentMs: nowMs,
      startAckedMs: undefined,
      cancelSentMs: undefined,
      cancelAckedMs: undefined,
      finishSentMs: undefined,
      finishResult: undefined,
      steps: new Map(),
      deliveries: new Map(),
      calls: new Map(),
      announced: new Set(),
      failureCallbacks: 0,
    };
    this.runs.set(runId, run);
    return run;
  }
}

export function stepOf(run: RunJournal, stepId: number): StepJournal {
  const known = run.steps.get(stepId);
  if (known) return known;
  const step: StepJournal = {
    given: new Set(),
    firstSentMs: undefined,
    planSentMs: undefined,
    durableMs: undefined,
    shown: undefined,
    requestAckedMs: undefined,
    requestSentMs: undefined,
    requestId: undefined,
  };
  run.steps.set(stepId, step);
  return step;
}

export function deliveryOf(run: RunJournal, messageId: string): DeliveryJournal {
  const known = run.deliveries.get(messageId);
  if (known) return known;
  const delivery: DeliveryJournal = { arrived: 0, bad: 0, wasRefused: false, highestRetried: 0, overMs: undefined };
  run.deliveries.set(messageId, delivery);
  return delivery;
}
