import type { Clock } from '@stepwell/core';
import type { AskHandler, BusDriver } from '@stepwell/messaging';
import { boundAskHandlers } from '@stepwell/messaging/testing';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { AttemptsController } from '../asks/attempts.controller';
import { AuditsController } from '../asks/audits.controller';
import { DeadLettersController } from '../asks/dead-letters.controller';
import { MailboxesController } from '../asks/mailboxes.controller';
import { QueriesController } from '../asks/queries.controller';
import { SubmissionsController } from '../asks/submissions.controller';
import { TimeController } from '../asks/time.controller';
import { ToldRunsController } from '../asks/told-runs.controller';
import type { RunStateSettings } from '../run-state.config';
import { RunStateMetrics } from '../run-state.metrics';
import { RunStateRuntime } from '../run-state.runtime';
import type { RunStateStore } from '../store';

export interface RunStateParts {
  readonly runtime: RunStateRuntime;
  readonly handlers: ReadonlyMap<string, AskHandler>;
}

/** The service as its module composes it, without a Nest application around it. */
export function assembleRunState(around: {
  readonly store: RunStateStore;
  readonly bus: BusDriver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: RunStateSettings;
  readonly newSeed: () => string;
}): RunStateParts {
  const { store, bus, clock, logger, settings, newSeed } = around;
  const metrics = new RunStateMetrics(new Registry());
  const runtime = new RunStateRuntime(store, bus, clock, logger, settings, metrics, newSeed);
  const controllers = [
    new SubmissionsController(runtime),
    new MailboxesController(runtime),
    new ToldRunsController(runtime),
    new DeadLettersController(runtime),
    new AttemptsController(runtime),
    new AuditsController(runtime),
    new QueriesController(runtime),
    new TimeController(runtime),
  ];
  return { runtime, handlers: boundAskHandlers('run-state', controllers) };
}
