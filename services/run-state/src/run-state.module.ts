import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { Clock } from '@stepwell/core';
import type { BusDriver } from '@stepwell/messaging';
import { BUS, CLOCK, HealthRegistry, LOGGER, METRICS, ShutdownSequence } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { AttemptsController } from './asks/attempts.controller';
import { AuditsController } from './asks/audits.controller';
import { DeadLettersController } from './asks/dead-letters.controller';
import { MailboxesController } from './asks/mailboxes.controller';
import { QueriesController } from './asks/queries.controller';
import { SubmissionsController } from './asks/submissions.controller';
import { TimeController } from './asks/time.controller';
import { ToldRunsController } from './asks/told-runs.controller';
import { RunStateSettings } from './run-state.config';
import { RunStateLifecycle } from './run-state.lifecycle';
import { RunStateMetrics } from './run-state.metrics';
import { RunStateRuntime } from './run-state.runtime';
import type { RunStateStore } from './store';
import { STORE } from './store';

/**
 * The service that remembers: the log, and everything that is decided on it. Needs BUS (a `BusDriver`), CLOCK, LOGGER, METRICS,
 * `HealthRegistry` and `ShutdownSequence` from whoever composes it.
 */
@Module({
  controllers: [
    SubmissionsController,
    MailboxesController,
    ToldRunsController,
    DeadLettersController,
    AttemptsController,
    AuditsController,
    QueriesController,
    TimeController,
  ],
  providers: [
    {
      provide: RunStateRuntime,
      inject: [STORE, BUS, CLOCK, LOGGER, RunStateSettings, METRICS],
      useFactory: (
        store: RunStateStore,
        bus: BusDriver,
        clock: Clock,
        logger: Logger,
        settings: RunStateSettings,
        registry: Registry,
      ) => new RunStateRuntime(store, bus, clock, logger, settings, new RunStateMetrics(registry)),
    },
    {
      provide: RunStateLifecycle,
      inject: [RunStateRuntime, HealthRegistry, ShutdownSequence, LOGGER],
      useFactory: (runtime: RunStateRuntime, health: HealthRegistry, shutdown: ShutdownSequence, logger: Logger) =>
        new RunStateLifecycle(runtime, health, shutdown, logger),
    },
  ],
})
export class RunStateModule {
  static forRoot(store: RunStateStore): DynamicModule {
    return {
      module: RunStateModule,
      providers: [{ provide: STORE, useValue: store }],
    };
  }
}
