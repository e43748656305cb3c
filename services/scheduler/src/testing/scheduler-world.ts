import type {
  AskAddress,
  AskDefinition,
  AskOptions,
  GiveUpSignal,
  Message,
  TimerAsk,
  TimerRow,
  TimerRows,
  TimersDueAnswer,
  TimersDueRequest,
} from '@stepwell/core';
import { message, NobodyAnswered } from '@stepwell/core';
import { TestClock } from '@stepwell/platform';
import { TimerEngine } from '../timers/timer.engine';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** Timers of a test carry their id where the ask says which message it is. */
export const aTimer = (id: string, dueAt: number, partition = 1): TimerRow => ({
  id,
  partition,
  dueAt,
  ask: { runId: 'wfr_1', messageId: id, attempt: 0 },
});

/** The other kind: of a waiter in a mailbox. */
export const aDeadline = (id: string, dueAt: number, partition = 1): TimerRow => ({
  id,
  partition,
  dueAt,
  ask: { eventId: 'order-1', messageId: id },
});

/** The store, as far as timers go; may be told to fail. Outlives the engine that is killed. */
export class FakeRows implements TimerRows {
  readonly stored = new Map<string, TimerRow>();
  readonly failing = new Set<'due' | 'remove' | 'put'>();
  largestPage = 0;

  put(timers: readonly TimerRow[]): Promise<void> {
    if (this.failing.has('put')) return Promise.reject(new Error('store is down'));
    for (const timer of timers) this.stored.set(timer.id, timer);
    return Promise.resolve();
  }

  remove(ids: readonly string[]): Promise<void> {
    if (this.failing.has('remove')) return Promise.reject(new Error('store is down'));
    for (const id of ids) this.stored.delete(id);
    return Promise.resolve();
  }

  due(partitions: readonly number[], beforeMs: number, limit: number): Promise<TimerRow[]> {
    if (this.failing.has('due')) return Promise.reject(new Error('store is down'));
    const rows = [...this.stored.values()]
      .filter(({ partition, dueAt }) => partitions.includes(partition) && dueAt < beforeMs)
      .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
      .slice(0, limit);
    this.largestPage = Math.max(this.largestPage, rows.length);
    return Promise.resolve(rows);
  }

  count(partitions: readonly number[]): Promise<number> {
    return Promise.resolve([...this.stored.values()].filter(({ partition }) => partitions.includes(partition)).length);
  }
}

export interface AskedTimer {
  readonly id: string;
  readonly partition: number;
  readonly nowMs: number;
}

type Answer = TimersDueAnswer['results'][number];

export class SchedulerWorld {
  readonly clock = new TestClock();
  constructor(readonly rows: FakeRows = new FakeRows()) {}

  readonly asked: AskedTimer[] = [];
  /** What was asked, as run-state hears it. */
  readonly handedBack: TimerAsk[] = [];
  readonly batches: number[] = [];
  readonly lags: number[] = [];
  readonly warnings: string[] = [];
  /** What run-state would say to a timer; `silence` = nobody answers. */
  answer: (id: string, partition: number) => Answer | 'silence' = () => ({ done: true });
  /** Held back until it resolves. */
  answerAfter: () => Promise<void> = () => Promise.resolve();
  asksOpen = 0;
  mostAsksOpen = 0;

  engine(
    options: {
      windowMs?: number;
      pageSize?: number;
      timersPerSecond?: number;
      timersPerAsk?: number;
      asksInFlight?: number;
    } = {},
    clock: { nowMs(): number } = this.clock,
  ): TimerEngine {
    return new TimerEngine(
      {
        lookAhead: { windowMs: options.windowMs ?? 60_000, pageSize: options.pageSize ?? 100 },
        timersPerSecond: options.timersPerSecond ?? 100_000,
        timersPerAsk: options.timersPerAsk ?? 50,
        asksInFlight: options.asksInFlight ?? 4,
      },
      {
        rows: this.rows,
        bus: { ask: this.ask },
        clock: {
          nowMs: () => clock.nowMs(),
          monotonicMs: () => this.clock.monotonicMs(),
          after: (delayMs, callback) => this.clock.after(delayMs, callback),
        },
        logger: { warn: (_details, text) => this.warnings.push(text) },
        onFired: (lagMs) => this.lags.push(lagMs),
      },
    );
  }

  get askedIds(): string[] {
    return this.asked.map(({ id }) => id);
  }

  private readonly ask = async <Request, Reply>(
    definition: AskDefinition<Request, Reply>,
    address: AskAddress,
    request: Message<Request>,
    options: AskOptions = {},
  ): Promise<Message<Reply>> => {
    const partition = typeof address === 'object' && 'partition' in address ? address.partition : -1;
    const { timers } = request.head as TimersDueRequest;
    this.asksOpen += 1;
    this.mostAsksOpen = Math.max(this.mostAsksOpen, this.asksOpen);
    this.batches.push(timers.length);
    this.handedBack.push(...timers);
    for (const { messageId } of timers) this.asked.push({ id: messageId, partition, nowMs: this.clock.nowMs() });
    const results = timers.map(({ messageId }) => this.answer(messageId, partition));
    try {
      await Promise.race([this.answerAfter(), abortOf(options.signal)]);
      const heard = results.filter((result) => result !== 'silence');
      if (heard.length < results.length || options.signal?.aborted === true) {
        throw new NobodyAnswered(definition.name, String(partition), 0);
      }
      return message({ results: heard } satisfies TimersDueAnswer) as unknown as Message<Reply>;
    } finally {
      this.asksOpen -= 1;
    }
  };
}

/** One listener per signal, however many asks it is given to. */
const aborts = new WeakMap<GiveUpSignal, Promise<void>>();

function abortOf(signal: GiveUpSignal | undefined): Promise<void> {
  if (signal === undefined) return new Promise(() => undefined);
  const known = aborts.get(signal);
  if (known !== undefined) return known;
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  aborts.set(signal, aborted);
  return aborted;
}
