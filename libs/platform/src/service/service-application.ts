import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy, MicroserviceOptions } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestLogger } from '../logging';
import { PlatformModule } from './platform.module';
import type { Connected, HttpSide, ServiceBase } from './service-definition';

export interface StartedApplication {
  readonly app: INestApplicationContext;
  readonly httpPort?: number;
}

@Module({})
class ServiceRoot {}

/** Builds the Nest application around a service's module and starts what listens: the transport first, then HTTP. */
export async function startApplication<Config extends object, Link extends Connected>(
  base: ServiceBase<Config>,
  connected: Link,
  clock: NonNullable<Connected['clock']>,
  module: DynamicModule | Type,
  strategy: CustomTransportStrategy | undefined,
  http: HttpSide<Link> | undefined,
): Promise<StartedApplication> {
  const { config, logger, metrics, health, shutdown } = base;
  const root: DynamicModule = {
    module: ServiceRoot,
    imports: [PlatformModule.forRoot({ config, bus: connected.bus, clock, logger, metrics, health, shutdown }), module],
  };
  const options = { logger: new NestLogger(logger), abortOnError: false };

  if (http !== undefined) {
    const app = await NestFactory.create<NestFastifyApplication>(root, http.adapter, {
      ...options,
      bodyParser: http.bodyParser ?? true,
    });
    await http.prepare?.(app, connected);
    if (strategy !== undefined) {
      app.connectMicroservice<MicroserviceOptions>({ strategy });
      await app.startAllMicroservices();
    }
    await app.listen(http.port, http.host);
    const server: Server = app.getHttpServer();
    shutdown.add('stop-listening', 'http', async (grace) => {
      const giveUp = () => {
        server.closeAllConnections();
      };
      grace.addEventListener('abort', giveUp, { once: true });
      if (grace.aborted) giveUp();
      await http.adapter.close();
    });
    return { app, httpPort: (server.address() as AddressInfo).port };
  }

  if (strategy !== undefined) {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, { ...options, strategy });
    await app.listen();
    return { app };
  }
  return { app: await NestFactory.createApplicationContext(root, options) };
}
