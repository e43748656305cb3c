import type { Provider } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { Bus, Clock } from '@stepwell/core';
import { BUS, CLOCK, LOGGER, METRICS, ShutdownSequence } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { CallOutWorker } from './calls/call-out.worker';
import { CallSender } from './calls/call.sender';
import { DeliverWorker } from './deliveries/deliver.worker';
import { DeliverySender } from './deliveries/delivery.sender';
import { AttemptsController } from './effects/attempts.controller';
import { RunningAttempts } from './effects/running.attempts';
import { HttpCallerConfig } from './http-caller.config';
import { HttpCallerLifecycle } from './http-caller.lifecycle';
import { HttpCallerMetrics } from './http-caller.metrics';
import type { HttpCallerParts } from './http-caller.parts';
import { assembleHttpCaller } from './http-caller.parts';

const PARTS = Symbol('HttpCallerParts');

const providers: Provider[] = [
  {
    provide: PARTS,
    inject: [HttpCallerConfig, BUS, CLOCK, LOGGER, METRICS],
    useFactory: (config: HttpCallerConfig, bus: Bus, clock: Clock, logger: Logger, registry: Registry) =>
      assembleHttpCaller(config, { bus, clock, logger, metrics: new HttpCallerMetrics(registry) }),
  },
  { provide: DeliverySender, inject: [PARTS], useFactory: (parts: HttpCallerParts) => parts.deliveries },
  { provide: RunningAttempts, inject: [PARTS], useFactory: (parts: HttpCallerParts) => parts.running },
  { provide: CallSender, inject: [PARTS], useFactory: (parts: HttpCallerParts) => parts.calls },
  {
    provide: HttpCallerLifecycle,
    inject: [PARTS, ShutdownSequence],
    useFactory: (parts: HttpCallerParts, shutdown: ShutdownSequence) =>
      new HttpCallerLifecycle(parts.runners, parts.clients, shutdown),
  },
];

/**
 * The service that does: every outbound HTTP request, no state of its own. Needs what `PlatformModule` provides, its own
 * settings included.
 */
@Module({ controllers: [DeliverWorker, CallOutWorker, AttemptsController], providers })
export class HttpCallerModule {}
