import { setMaxListeners } from 'node:events';
import type { Bus, Clock, TimerRow, TimerRows } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { backOffMs } from './back-off';
import type { LookAhead } from './partition.timers';
import { PartitionTimers } from './partition.timers';
import { TokenBucket } from './token.bucket';

/*
 * Decides when: reads the owned partitions' timers of the next minutes, and asks run-state about each when it is due. It owns what
 * is remembered of the store and the one alarm; it does not own the rows (`TimerRows`), nor which partitions are ours (`TimerOwner`),
 * and it has no idea what a timer is for: the ask is handed back as it was given.
 *
 * 1. Never early: a timer is asked about only when `clock.nowMs()`, the store's time (T2), has reached its `dueAt`.
 * 2. A row is removed only after its ask was answered `done` (T1). A crash in between means that it is asked about again.
 * 3. `notYetMs` re-arms. No answer means: again, with a growing pause, for ever. Nothing here ever gives a timer up.
 * 4. Bounded: so many timers a second, so many asks open at one time, one per partition; a look-ahead of a few pages per partition.
 *    What is due later stays in the store.
 * 5. One alarm for everything. It rings at least every few seconds, so that a clock that was set forward is noticed.
 * 6. A partition nobody answers for delays no other.
 */

export interface TimerEngineOptions {
  readonly lookAhead: LookAhead;
  readonly timersPerSecond: number;
  readonly timersPerAsk: number;
  readonly asksInFlight: number;
}

export interface TimerEngineSurroundings {
  readonly rows: TimerRows;
  readonly bus: Pick<Bus, 'ask'>;
  readonly clock: Clock;
  readonly logger: { warn(details: object, text: string): void };
  /** Told how late each timer took effect. */
  readonly onFired: (lagMs: number) => void;
}

const ALARM_AT_LEAST_MS = 5_000;
/** The bus repeats an ask by itself for so long; after that we pause. */
const PATIENCE_MS = 10_000;

/** An owned partition, and what is going on about it. */
interface Lane {
  readonly timers: PartitionTimers;
  /** Answered, not yet removed from the store. */
  readonly unremoved: string[];
  isDriven: boolean;
  failures: number;
  isLoading: boolean;
  loadFailures: number;
  /** Monotonic. */
  driveAfterMs: number;
  loadAfterMs: number;
}

export class TimerEngine {
  private readonly lanes = new Map<number, Lane>();
  private readonly bucket: TokenBucket;
  private readonly givingUp = new AbortController();
  private readonly idleListeners = new Set<() => void>();
  private asksOpen = 0;
  private firstLane = 0;
  private isStopped = false;
  private alarmAtMs = Infinity;
  private cancelAlarm: () => void = () => undefined;

  constructor(
    private readonly options: TimerEngineOptions,
    private readonly around: TimerEngineSurroundings,
  ) {
    this.bucket = new TokenBucket(options.timersPerSecond);
    // Every open ask waits for it.
    setMaxListeners(0, this.givingUp.signal);
  }

  get partitions(): readonly number[] {
    return [...this.lanes.keys()];
  }

  /** True when what is due soon has been read for every owned partition. */
  get isLoaded(): boolean {
    return [...this.lanes.values()].every(({ timers }) => timers.isLoaded);
  }

  owns(partition: number): boolean {
    return this.lanes.has(partition);
  }

  /** Replaces the owned partitions. What is lost is dropped from memory; what is gained is read. */
  own(partitions: ReadonlySet<number>): void {
    for (const partition of this.lanes.keys()) if (!partitions.has(partition)) this.lanes.delete(partition);
    for (const partition of partitions) {
      if (this.lanes.has(partition)) continue;
      this.lanes.set(partition, {
        timers: new PartitionTimers(partition, this.options.lookAhead),
        unremoved: [],
        isDriven: false,
        failures: 0,
        isLoading: false,
        loadFailures: 0,
        driveAfterMs: 0,
        loadAfterMs: 0,
      });
    }
    this.tick();
  }

  /** Timers that are in the store now. */
  set(rows: readonly TimerRow[]): void {
    let soonestMs = Infinity;
    for (const row of rows) {
      if (this.lanes.get(row.partition)?.timers.set(row) === true) soonestMs = Math.min(soonestMs, row.dueAt);
    }
    if (soonestMs < this.alarmAtMs) this.tick();
  }

  /** Timers that aren't wanted any more. An ask under way about one is answered as any late one. */
  cancel(partition: number, ids: readonly string[]): void {
    this.lanes.get(partition)?.timers.forget(ids);
  }

  /** Asks about nothing more. What is asked already goes on. */
  stop(): void {
    this.isStopped = true;
    this.cancelAlarm();
  }

  /** Resolves when nothing is under way; when `grace` is aborted, asks are given up: their timers stay in the store. */
  async idle(grace: AbortSignal): Promise<void> {
    const giveUp = () => {
      this.givingUp.abort();
      this.wakeIdle();
    };
    grace.addEventListener('abort', giveUp, { once: true });
    if (grace.aborted) giveUp();
    while (this.asksOpen > 0 && !grace.aborted) {
      await new Promise<void>((resolve) => {
        this.idleListeners.add(resolve);
      });
    }
    grace.removeEventListener('abort', giveUp);
  }

  private wakeIdle(): void {
    for (const listener of this.idleListeners) listener();
    this.idleListeners.clear();
  }

  private tick(): void {
    if (this.isStopped) return;
    const nowMs = this.around.clock.nowMs();
    const monotonicMs = this.around.clock.monotonicMs();
    for (const lane of this.lanes.values()) {
      if (!lane.isLoading && lane.loadAfterMs <= monotonicMs && lane.timers.loadAtMs <= nowMs) {
        void this.load(lane, nowMs);
      }
    }
    this.driveLanes(nowMs, monotonicMs);
    this.setAlarm(nowMs, monotonicMs);
  }

  private async load(lane: Lane, nowMs: number): Promise<void> {
    lane.isLoading = true;
    const page = lane.timers.beginLoad(nowMs);
    try {
      lane.timers.endLoad(page, await this.around.rows.due([lane.timers.partition], page.beforeMs, page.limit));
      lane.loadFailures = 0;
    } catch (error) {
      lane.timers.failLoad();
      lane.loadFailures += 1;
      lane.loadAfterMs = this.around.clock.monotonicMs() + backOffMs(lane.loadFailures);
      const { partition } = lane.timers;
      this.around.logger.warn({ err: error, partition, failures: lane.loadFailures }, 'timers could not be read');
    } finally {
      lane.isLoading = false;
      this.tick();
    }
  }

  /** Begins what may begin now, in turns, so that the bounds don't favour the first partitions. */
  private driveLanes(nowMs: number, monotonicMs: number): void {
    const lanes = [...this.lanes.values()];
    for (let turn = 0; turn < lanes.length && this.asksOpen < this.options.asksInFlight; turn += 1) {
      const lane = lanes[(this.firstLane + turn) % lanes.length];
      if (lane === undefined || lane.isDriven || lane.driveAfterMs > monotonicMs) continue;
      const allowed = Math.min(this.options.timersPerAsk, this.bucket.available(monotonicMs));
      const due = lane.timers.takeDue(nowMs, allowed);
      if (due.length === 0 && lane.unremoved.length === 0) continue;
      this.bucket.take(due.length);
      void this.drive(lane, due);
    }
    this.firstLane += 1;
  }

  /** Asks, then removes what was answered. The next batch of the partition comes after both. */
  private async drive(lane: Lane, due: readonly TimerRow[]): Promise<void> {
    const { partition } = lane.timers;
    lane.isDriven = true;
    this.asksOpen += 1;
    try {
      if (due.length > 0) await this.askAbout(lane, due);
      if (lane.unremoved.length > 0) {
        const ids = lane.unremoved.slice();
        await this.around.rows.remove(ids);
        lane.unremoved.splice(0, ids.length);
        lane.timers.forget(ids);
      }
      lane.failures = 0;
    } catch (error) {
      lane.failures += 1;
      const pauseMs = backOffMs(lane.failures);
      lane.driveAfterMs = this.around.clock.monotonicMs() + pauseMs;
      if (!this.givingUp.signal.aborted) {
        this.around.logger.warn({ err: error, partition, failures: lane.failures, pauseMs }, 'timers have to wait');
      }
    } finally {
      lane.isDriven = false;
      this.asksOpen -= 1;
      this.wakeIdle();
      this.tick();
    }
  }

  private async askAbout(lane: Lane, due: readonly TimerRow[]): Promise<void> {
    const { bus, clock, onFired } = this.around;
    let results: readonly ({ readonly done: true } | { readonly notYetMs: number } | undefined)[] = [];
    try {
      const answer = await bus.ask(
        asks.TimersDue,
        { partition: lane.timers.partition },
        message({ timers: due.map((row) => row.ask) }),
        { patienceMs: PATIENCE_MS, signal: this.givingUp.signal },
      );
      results = answer.head.results;
      if (results.length !== due.length) throw new Error(`${results.length} results for ${due.length} timers`);
    } finally {
      const nowMs = clock.nowMs();
      due.forEach((row, at) => {
        const result = results[at];
        if (result !== undefined && 'done' in result) {
          lane.timers.answered(row.id);
          lane.unremoved.push(row.id);
          onFired(nowMs - row.dueAt);
        } else {
          lane.timers.handBack(row, result === undefined ? row.dueAt : nowMs + Math.max(1, result.notYetMs));
        }
      });
    }
  }

  private setAlarm(nowMs: number, monotonicMs: number): void {
    let restMs = ALARM_AT_LEAST_MS;
    const rateRestMs = this.bucket.waitMs(monotonicMs);
    for (const { timers, isDriven, isLoading, driveAfterMs, loadAfterMs, unremoved } of this.lanes.values()) {
      if (!isLoading) restMs = Math.min(restMs, Math.max(timers.loadAtMs - nowMs, loadAfterMs - monotonicMs));
      // What is driven, or waits for an open ask to end, is looked at when that happens.
      if (isDriven || this.asksOpen >= this.options.asksInFlight) continue;
      if (unremoved.length > 0) restMs = Math.min(restMs, driveAfterMs - monotonicMs);
      const dueMs = (timers.nextDueAtMs ?? Infinity) - nowMs;
      restMs = Math.min(restMs, Math.max(dueMs, driveAfterMs - monotonicMs, dueMs <= 0 ? rateRestMs : 0));
    }
    this.cancelAlarm();
    this.alarmAtMs = nowMs + restMs;
    this.cancelAlarm = this.around.clock.after(Math.max(0, restMs), () => this.tick());
  }
}
