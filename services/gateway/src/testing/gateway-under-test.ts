import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  CommonConfig,
  configFrom,
  createLogger,
  createMetrics,
  HealthRegistry,
  PlatformModule,
  settingsOf,
  ShutdownSequence,
  SystemClock,
} from '@stepwell/platform';
import type { Registry } from 'prom-client';
import { DEV_CREDENTIALS, GatewayConfig } from '../gateway.config';
import { GatewayModule } from '../gateway.module';
import { GatewayAdapter } from '../http/gateway.adapter';
import { ScriptedBus } from './scripted.bus';

class TestConfig extends settingsOf(CommonConfig, GatewayConfig) {}

@Module({})
class Root {}

export const DEV_TOKEN = DEV_CREDENTIALS.tokens[0] ?? '';

export interface GatewayUnderTest {
  readonly bus: ScriptedBus;
  readonly app: NestFastifyApplication;
  readonly metrics: Registry;
  /** What was logged, a JSON object per line. */
  readonly log: readonly string[];
  readonly port: number;
  readonly url: string;
  /** `fetch` with the development token. */
  request(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** A real gateway on a free port of the loopback, with nobody behind it but the script. */
export async function startGateway(settings: Partial<GatewayConfig> = {}): Promise<GatewayUnderTest> {
  const config = configFrom(TestConfig, { dev: true, logLevel: 'info', ...settings });
  const bus = new ScriptedBus();
  const metrics = createMetrics('gateway');
  const log: string[] = [];
  const logger = createLogger(config, 'gateway', { write: (line) => log.push(line) });
  const parts = {
    config,
    bus,
    metrics,
    logger,
    clock: new SystemClock(),
    health: new HealthRegistry(),
    shutdown: new ShutdownSequence(),
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: Root, imports: [PlatformModule.forRoot(parts), GatewayModule] },
    new GatewayAdapter(config),
    { logger: false, abortOnError: false },
  );
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    bus,
    app,
    metrics,
    log,
    port,
    url,
    request: (path, init = {}) =>
      fetch(url + path, { ...init, headers: { authorization: `Bearer ${DEV_TOKEN}`, ...(init.headers as object) } }),
    close: async () => {
      await app.close();
      metrics.clear();
    },
  };
}
