import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';

/** One entry of a delivered step list (protocol.md 7.1), decoded as far as it is a step. */
export interface HistoryEntry {
  readonly messageId: string;
  readonly callType: string;
  readonly text: string;
}

/** One request to the endpoint that named its run. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  /** Undefined: the body was no step list, that is empty (lazy), a callback or a failure. */
  readonly history?: readonly HistoryEntry[];
  readonly body: unknown;
}

/**
 * Steps that were known to be completed when the delivery was sent that is worked on: an older one may be late with its own work. One for all
 * journals: every promise of the process carries every such store along, and a thousand of them cost a thousand times as much.
 */
const knownWhenSent = new AsyncLocalStorage<ReadonlySet<string>>();

/**
 * What the endpoint saw of a run, by itself: it doesn't believe the engine.
 */
export class Journal {
  readonly deliveries: Delivery[] = [];
  /** `Date.now()` of each. */
  readonly arrivals: number[] = [];
  /** Executions of each step's function, by name. */
  readonly executions = new Map<string, number>();
  /** Names of executed steps, in the order they were executed in. */
  readonly order: string[] = [];
  /** Requests to the third party. */
  thirdParty = 0;
  /** `Date.now()` of each of them. */
  readonly thirdPartyArrivals: number[] = [];
  failureFunction: unknown;
  /** What a workflow wants its test to know. */
  readonly notes = new Map<string, unknown>();
  /** Steps whose result has been seen in a history: durable for sure. */
  private readonly completed = new Map<string, number>();
  /** Steps that were executed for a delivery that was sent when their result was durable. */
  readonly repeated: string[] = [];

  /** Requests to the workflow's endpoint. */
  get calls(): number {
    return this.deliveries.length;
  }

  /** Upstash-Retried of each call. */
  get retried(): number[] {
    return this.deliveries.map(({ headers }) => Number(headers['upstash-retried']));
  }

  /** A delivery's body: the history it carries says what is done. */
  seen(headers: IncomingHttpHeaders, body: unknown): void {
    this.arrivals.push(Date.now());
    if (!Array.isArray(body)) {
      this.deliveries.push({ headers, body });
      return;
    }
    const entries = body as { messageId?: string; callType?: string; body?: string }[];
    for (const entry of entries) {
      const step = stepOf(entry.body);
      if (entry.callType === 'step' && step && !this.completed.has(step)) this.completed.set(step, Date.now());
    }
    const history = entries.map(({ messageId = '', callType = '', body: text = '' }) => ({
      messageId,
      callType,
      text: Buffer.from(text, 'base64').toString(),
    }));
    this.deliveries.push({ headers, body, history });
  }

  /**
   * Goes on with the delivery that was seen last.
   *
   * @param sentAt unix ms. One of a process that was killed meanwhile may have lain in the socket for seconds before anybody read it.
   */
  workOn(next: () => void, sentAt = Date.now()): void {
    const known = [...this.completed].filter(([, at]) => at <= sentAt).map(([name]) => name);
    knownWhenSent.run(new Set(known), next);
  }

  run<T>(name: string, value: T): T {
    const known: Pick<ReadonlySet<string>, 'has'> = knownWhenSent.getStore() ?? this.completed;
    if (known.has(name)) this.repeated.push(name);
    this.executions.set(name, (this.executions.get(name) ?? 0) + 1);
    this.order.push(name);
    return value;
  }
}

/** Name of the step whose result an entry is; undefined for payloads and plans. */
function stepOf(base64 = ''): string | undefined {
  try {
    const step = JSON.parse(Buffer.from(base64, 'base64').toString()) as { stepId?: number; stepName?: string };
    return step.stepId !== undefined && step.stepId > 0 ? step.stepName : undefined;
  } catch {
    return undefined;
  }
}
