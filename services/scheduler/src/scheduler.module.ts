import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { AskServer, Bus, Clock, Membership, TimerRows } from '@stepwell/core';
import { BUS, CLOCK, HealthRegistry, LOGGER, METRICS, ShutdownSequence } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { SchedulerSettings } from './scheduler.config';
import { SchedulerLifecycle } from './scheduler.lifecycle';
import { TimerEngine } from './timers/timer.engine';
import { TimerMetrics } from './timers/timer.metrics';
import { TimerOwner } from './timers/timer.owner';
import { TimersController } from './timers/timers.controller';

/** What the scheduler needs of a store; `libs/event-store`'s fit. */
export interface SchedulerStore {
  readonly timers: TimerRows;
  /** Of the role `scheduler`. */
  readonly membership: Membership;
}

const STORE = Symbol('SchedulerStore');
const PAGE_SIZE = 1_000;

/** The service that decides when. CLOCK must be the store's (T2). */
@Module({
  controllers: [TimersController],
  providers: [
    {
      provide: TimerEngine,
      inject: [SchedulerSettings, STORE, BUS, CLOCK, LOGGER, METRICS],
      useFactory: (
        settings: SchedulerSettings,
        store: SchedulerStore,
        bus: Bus,
        clock: Clock,
        logger: Logger,
        registry: Registry,
      ): TimerEngine => {
        const metrics = new TimerMetrics(registry, store.timers, clock, () => engine.partitions);
        const engine = new TimerEngine(
          {
            lookAhead: { windowMs: settings.timerLookAheadMs, pageSize: PAGE_SIZE },
            timersPerSecond: settings.timersPerSecond,
            timersPerAsk: settings.timersPerAsk,
            asksInFlight: settings.timerAsksInFlight,
          },
          { rows: store.timers, bus, clock, logger, onFired: (lagMs) => metrics.fired(lagMs) },
        );
        return engine;
      },
    },
    {
      provide: TimerOwner,
      inject: [STORE, BUS, TimerEngine, LOGGER],
      useFactory: (store: SchedulerStore, bus: AskServer, engine: TimerEngine, logger: Logger) =>
        new TimerOwner(store.timers, store.membership, bus, engine, logger),
    },
    {
      provide: SchedulerLifecycle,
      inject: [TimerOwner, TimerEngine, HealthRegistry, ShutdownSequence, LOGGER],
      useFactory: (
        owner: TimerOwner,
        engine: TimerEngine,
        health: HealthRegistry,
        shutdown: ShutdownSequence,
        logger: Logger,
      ) => new SchedulerLifecycle(owner, engine, health, shutdown, logger),
    },
  ],
})
export class SchedulerModule {
  static forRoot(store: SchedulerStore): DynamicModule {
    return { module: SchedulerModule, providers: [{ provide: STORE, useValue: store }] };
  }
}
