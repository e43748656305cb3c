import type { AskServer, Bus, Clock } from '@stepwell/core';
import type { AskHandler } from '@stepwell/messaging';
import { boundAskHandlers } from '@stepwell/messaging/testing';
import type { Logger } from 'pino';
import type { SchedulerSettings } from '../scheduler.config';
import type { SchedulerStore } from '../scheduler.module';
import { TimerEngine } from '../timers/timer.engine';
import { TimerOwner } from '../timers/timer.owner';
import { TimersController } from '../timers/timers.controller';

export interface SchedulerParts {
  readonly engine: TimerEngine;
  readonly owner: TimerOwner;
  readonly handlers: ReadonlyMap<string, AskHandler>;
}

const PAGE_SIZE = 1_000;

/** The service as its module composes it, without a Nest application around it. */
export function assembleScheduler(around: {
  readonly store: SchedulerStore;
  readonly bus: Bus & AskServer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: SchedulerSettings;
}): SchedulerParts {
  const { store, bus, clock, logger, settings } = around;
  const engine = new TimerEngine(
    {
      lookAhead: { windowMs: settings.timerLookAheadMs, pageSize: PAGE_SIZE },
      timersPerSecond: settings.timersPerSecond,
      timersPerAsk: settings.timersPerAsk,
      asksInFlight: settings.timerAsksInFlight,
    },
    { rows: store.timers, bus, clock, logger, onFired: () => undefined },
  );
  const owner = new TimerOwner(store.timers, store.membership, bus, engine, logger);
  return { engine, owner, handlers: boundAskHandlers('scheduler', [new TimersController(owner)]) };
}
