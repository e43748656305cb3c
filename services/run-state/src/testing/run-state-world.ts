import { setImmediate as nextTurn } from 'node:timers/promises';
import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { CallOutItem, Clock, DeliverItem, Message, TimerRow, TimersDueAnswer } from '@stepwell/core';
import { asks, message, PARTITIONS, works } from '@stepwell/core';
import type { Store } from '@stepwell/event-store';
import { createMemoryStore, MemoryData } from '@stepwell/event-store';
import type { AskHandler, WorkHandler } from '@stepwell/messaging';
import { MemoryBroker, MemoryBus, MessagingServer } from '@stepwell/messaging';
import {
  configFrom,
  createLogger,
  createMetrics,
  HealthRegistry,
  PlatformModule,
  ShutdownSequence,
  SystemClock,
} from '@stepwell/platform';
import { RunStateConfig } from '../run-state.config';
import { RunStateModule } from '../run-state.module';
import { RunStateRuntime } from '../run-state.runtime';

const INTAKE = { maxInFlight: 512, maxBufferedBytes: 64 * 1024 * 1024 };

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`still not so after ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A process that stands still: its time goes on, none of its timers fires. */
class StoppableClock implements Clock {
  private readonly clock = new SystemClock();
  isStopped = false;

  nowMs(): number {
    return this.clock.nowMs();
  }

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.clock.after(delayMs, () => {
      if (!this.isStopped) callback();
    });
  }
}

export class Member {
  private isDead = false;

  constructor(
    readonly name: string,
    readonly store: Store,
    readonly bus: MemoryBus,
    readonly runtime: RunStateRuntime,
    private readonly app: INestMicroservice,
    private readonly clock: StoppableClock,
    private readonly shutdown: ShutdownSequence,
    private readonly metrics: ReturnType<typeof createMetrics>,
  ) {}

  /** What a counter says, by its labels. */
  async counted(name: string): Promise<readonly { readonly labels: object; readonly value: number }[]> {
    const found = (await this.metrics.getMetricsAsJSON()).find((metric) => metric.name === name);
    return (found?.values ?? []).map(({ labels, value }) => ({ labels, value }));
  }

  held(): number {
    return this.runtime.registry.hosts().length;
  }

  controller<Controller>(type: new (runtime: RunStateRuntime) => Controller): Controller {
    return this.app.get(type);
  }

  isReady(): boolean {
    return this.runtime.registry.isComplete();
  }

  /** SIGSTOP: renews nothing any more, but what it is handed it still handles. */
  freeze(): void {
    this.clock.isStopped = true;
  }

  /** `kill -9`. */
  kill(): void {
    this.isDead = true;
    this.freeze();
    this.bus.kill();
  }

  async stop(): Promise<void> {
    if (this.isDead) return;
    this.isDead = true;
    await this.shutdown.run(AbortSignal.timeout(5_000), (step, error) => {
      throw new Error(step, { cause: error });
    });
    await this.app.close();
    await this.bus.close();
    await this.store.close();
  }
}

export interface WorldOptions {
  readonly leaseMs?: number;
  readonly cachedRuns?: number;
  readonly settings?: Partial<RunStateConfig>;
}

/**
 * run-state as it is composed, any number of members over one in-memory database and broker, with stand-ins for the services it
 * talks to. Time is real.
 */
export class RunStateWorld {
  readonly data = new MemoryData();
  readonly broker = new MemoryBroker({ ackWaitMs: 50 });
  readonly client = new MemoryBus({ broker: this.broker, member: 'client' });
  readonly delivered: DeliverItem[] = [];
  readonly called: CallOutItem[] = [];
  readonly announced: string[] = [];
  readonly timers = new Map<string, TimerRow>();
  readonly timersSet: string[] = [];
  /** What the http-caller does with a delivery, before it is acknowledged. */
  onDeliver: (item: DeliverItem) => Promise<void> = () => Promise.resolve();
  /** Whether the notifier gets round to it. */
  announces = true;
  private readonly members: Member[] = [];

  constructor(private readonly options: WorldOptions = {}) {}

  async open(): Promise<this> {
    const { client } = this;
    const on = <Request>(handle: (request: Message<Request>) => Promise<unknown>): AskHandler => handle as AskHandler;
    await client.answerAsks(
      'scheduler',
      new Map([
        [
          'SetTimers',
          on(({ head }: Message<{ timers: TimerRow[] }>) => {
            for (const timer of head.timers) this.timers.set(timer.id, timer);
            this.timersSet.push(...head.timers.map(({ id }) => id));
            return Promise.resolve(message({}));
          }),
        ],
        [
          'CancelTimers',
          on(({ head }: Message<{ ids: string[] }>) => {
            for (const id of head.ids) this.timers.delete(id);
            return Promise.resolve(message({}));
          }),
        ],
      ]),
    );
    await client.serve('scheduler', new Set(Array.from({ length: PARTITIONS }, (_, partition) => partition)));
    const deliver = async ({ head }: Message<DeliverItem>): Promise<void> => {
      this.delivered.push(head);
      await this.onDeliver(head);
    };
    await client.consumeWork(works.Deliver, deliver as WorkHandler, INTAKE);
    const callOut = ({ head }: Message<CallOutItem>): Promise<void> => {
      this.called.push(head);
      return Promise.resolve();
    };
    await client.consumeWork(works.CallOut, callOut as WorkHandler, INTAKE);
    const announce = async ({
      head,
    }: Message<{ effectId: string; partition: number; announcement: { id: string } }>) => {
      if (!this.announces) return;
      this.announced.push(head.announcement.id);
      const { partition, effectId } = head;
      await client.ask(asks.Settle, { partition }, message({ effectIds: [effectId] }), { patienceMs: 20_000 });
    };
    await client.consumeWork(works.Announce, announce as WorkHandler, INTAKE);
    return this;
  }

  async member(name: string, more: { readonly supersede?: boolean } = {}): Promise<Member> {
    const clock = new StoppableClock();
    const store = createMemoryStore({ clock, data: this.data });
    const bus = new MemoryBus({ broker: this.broker, member: name });
    const config = configFrom(RunStateConfig, {
      logLevel: 'silent',
      cachedRuns: this.options.cachedRuns ?? 20_000,
      ...this.options.settings,
    });
    const shutdown = new ShutdownSequence();
    const metrics = createMetrics('run-state');
    const membership = store.membership('run-state', {
      memberId: name,
      leaseMs: this.options.leaseMs ?? 400,
      ...more,
    });
    const testing = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          config,
          bus,
          clock,
          logger: createLogger(config, 'run-state'),
          metrics,
          health: new HealthRegistry(),
          shutdown,
        }),
        RunStateModule.forRoot({ log: store.log, blobs: store.blobs, rows: store.rows, membership }),
      ],
    }).compile();
    const app = testing.createNestMicroservice({
      strategy: new MessagingServer({ bus, serves: ['run-state'] }),
      logger: false,
    });
    await app.listen();
    const member = new Member(name, store, bus, app.get(RunStateRuntime), app, clock, shutdown, metrics);
    this.members.push(member);
    return member;
  }

  /** What the scheduler does with a timer that is due, now rather than at its time. Removed once that is answered (T1). */
  async fire(id: string): Promise<TimersDueAnswer['results'][number] | undefined> {
    const timer = this.timers.get(id);
    if (!timer) throw new Error(`there is no timer ${id}`);
    const { partition, ask } = timer;
    const request = message({ timers: [ask] });
    const { head } = await this.client.ask(asks.TimersDue, { partition }, request, { patienceMs: 20_000 });
    const [result] = head.results;
    if (result && 'done' in result && this.timers.get(id) === timer) this.timers.delete(id);
    return result;
  }

  /** Waits until the living members hold everything, recovered. */
  async settled(...members: Member[]): Promise<void> {
    await until(() => members.every((each) => each.isReady()));
    await until(() => members.reduce((sum, each) => sum + each.held(), 0) === PARTITIONS);
    await Promise.all(members.map((each) => each.runtime.registry.allRecovered()));
    await nextTurn();
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    await this.client.close();
  }
}
