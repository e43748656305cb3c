import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Message, TimerRow, TimersDueAnswer, TimersDueRequest } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { createMemoryStore } from '@stepwell/event-store';
import type { AskHandler } from '@stepwell/messaging';
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
import { SchedulerConfig } from './scheduler.config';
import { SchedulerModule } from './scheduler.module';
import { aDeadline, aTimer } from './testing/scheduler-world';

/*
 * The whole service over the in-memory twins, in real time: that everything is wired. What it does when is in the specs beside
 * the parts.
 */

class AnsweringRunState {
  readonly asked: string[] = [];
  private onAsked: () => void = () => undefined;

  readonly firstAsk = new Promise<void>((resolve) => {
    this.onAsked = resolve;
  });

  readonly timersDue = ({ head }: Message<TimersDueRequest>): Promise<Message<TimersDueAnswer>> => {
    this.asked.push(...head.timers.map(({ messageId }) => messageId));
    this.onAsked();
    return Promise.resolve(message({ results: head.timers.map(() => ({ done: true as const })) }));
  };
}

describe('SchedulerModule', () => {
  const clock = new SystemClock();
  const config = configFrom(SchedulerConfig, { logLevel: 'silent' });
  const store = createMemoryStore({ clock });
  const health = new HealthRegistry();
  const shutdown = new ShutdownSequence();
  const metrics = createMetrics('scheduler');
  const broker = new MemoryBroker();
  const bus = new MemoryBus({ broker });
  const runStateBus = new MemoryBus({ broker, member: 'run-state' });
  const runState = new AnsweringRunState();
  let app: INestMicroservice;

  beforeAll(async () => {
    await runStateBus.answerAsks('run-state', new Map([['TimersDue', runState.timersDue as AskHandler]]));
    await runStateBus.serve('run-state', new Set([7]));
    const testing = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          config,
          bus,
          clock,
          logger: createLogger(config, 'scheduler'),
          metrics,
          health,
          shutdown,
        }),
        SchedulerModule.forRoot({
          timers: store.timers,
          membership: store.membership('scheduler', { memberId: 'one' }),
        }),
      ],
    }).compile();
    app = testing.createNestMicroservice({
      strategy: new MessagingServer({ bus, serves: ['scheduler'] }),
      logger: false,
    });
    await app.listen();
  });

  afterAll(async () => {
    await shutdown.run(new AbortController().signal, (step, error) => {
      throw new Error(step, { cause: error });
    });
    await app.close();
    await Promise.all([bus.close(), runStateBus.close(), store.close()]);
  });

  it('keeps what it is asked to, asks when it is due, and forgets', async () => {
    const set = (...timers: TimerRow[]) => bus.ask(asks.SetTimers, { partition: 7 }, message({ timers }));
    const atLeisure = clock.nowMs() + 3_600_000;
    expect(await set(aTimer('later', atLeisure, 7), aDeadline('last', atLeisure, 7))).toEqual(message({}));
    expect(await store.timers.count([7])).toBe(2);
    expect(await metrics.metrics()).toMatch(/^stepwell_timers_pending\{service="scheduler"\} 2$/m);

    const timer = aTimer('soon', clock.nowMs() + 40, 7);
    await set(timer);
    await runState.firstAsk;
    expect(runState.asked).toEqual(['soon']);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(timer.dueAt);
    while ((await store.timers.count([7])) > 2) await new Promise((resolve) => setImmediate(resolve));

    expect(await bus.ask(asks.CancelTimers, { partition: 7 }, message({ ids: ['later', 'last'] }))).toEqual(
      message({}),
    );
    expect(await store.timers.count([7])).toBe(0);
    expect(await metrics.metrics()).toMatch(/^stepwell_timer_lag_seconds_count\{service="scheduler"\} 1$/m);
  });

  it('is ready when it has read its timers', async () => {
    expect(await health.readinessChecks().get('timers')?.()).toBe(true);
  });
});
