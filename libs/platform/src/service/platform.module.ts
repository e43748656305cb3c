import type { DynamicModule, Provider } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import type { Clock } from '@stepwell/core';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ConfigClass } from '../config';
import { partsOf } from '../config/setting.decorator';
import { HealthRegistry } from '../health-registry';
import { ShutdownSequence } from '../shutdown-sequence';
import { BUS, CLOCK, LOGGER, METRICS } from '../tokens';
import type { ServiceBus } from './service-definition';

export interface PlatformParts {
  /** Provided under its class and under each class it is made of: a module asks for its own settings, whoever composes it. */
  readonly config: object;
  readonly bus: ServiceBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly health: HealthRegistry;
  readonly shutdown: ShutdownSequence;
}

/** What every service module may have injected (`tokens.ts`), once per Nest application. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(parts: PlatformParts): DynamicModule {
    const providers: Provider[] = [
      { provide: BUS, useValue: parts.bus },
      { provide: CLOCK, useValue: parts.clock },
      { provide: LOGGER, useValue: parts.logger },
      { provide: METRICS, useValue: parts.metrics },
      { provide: HealthRegistry, useValue: parts.health },
      { provide: ShutdownSequence, useValue: parts.shutdown },
      ...partsOf(parts.config.constructor as ConfigClass).map((part) => ({ provide: part, useValue: parts.config })),
    ];
    return {
      module: PlatformModule,
      providers,
      exports: providers.map((provider) => (typeof provider === 'function' ? provider : provider.provide)),
    };
  }
}
