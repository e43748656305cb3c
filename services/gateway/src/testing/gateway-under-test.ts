import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
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
import { ApiReference } from './api-reference';
import { ScriptedBus } from './scripted.bus';

class TestConfig extends settingsOf(CommonConfig, GatewayConfig) {}

@Module({})
class Root {}

export const DEV_TOKEN = DEV_CREDENTIALS.tokens[0] ?? '';

export interface GatewayUnderTest {
  readonly bus: ScriptedBus;
  readonly app: NestFastifyApplication;
  readonly metrics: Registry;
  readonly shutdown: ShutdownSequence;
  /** What was logged, a JSON object per line. */
  readonly log: readonly string[];
  readonly port: number;
  readonly url: string;
  /** As the HTTP server has them registered. */
  readonly routes: readonly ServedRoute[];
  /** `fetch` with the development token. @throws Error when an answer isn't as the API's reference says */
  request(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface ServedRoute {
  readonly method: string;
  readonly url: string;
  /** Reached without a token. */
  readonly open: boolean;
}

const reference = new ApiReference();

/**
 * A real gateway on a free port of the loopback, with nobody behind it but the script. Every answer, however it was asked for, is
 * compared with the API's reference; what differs is thrown by the next `request`, at the latest by `close`.
 */
export async function startGateway(settings: Partial<GatewayConfig> = {}): Promise<GatewayUnderTest> {
  const config = configFrom(TestConfig, { dev: true, logLevel: 'info', ...settings });
  const bus = new ScriptedBus();
  const metrics = createMetrics('gateway');
  const log: string[] = [];
  const logger = createLogger(config, 'gateway', { write: (line) => log.push(line) });
  const shutdown = new ShutdownSequence();
  const parts = {
    config,
    bus,
    metrics,
    logger,
    clock: new SystemClock(),
    health: new HealthRegistry(),
    shutdown,
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: Root, imports: [PlatformModule.forRoot(parts), GatewayModule] },
    new GatewayAdapter(config),
    { logger: false, abortOnError: false },
  );
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  const routes = routesOf(server);
  const faults = watched(server);
  const asTheReferenceSays = (): void => {
    const found = faults.splice(0);
    if (found.length > 0) throw new Error(`answers that are not as the reference says:\n${found.join('\n')}`);
  };
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    bus,
    app,
    metrics,
    shutdown,
    log,
    port,
    url,
    routes,
    request: async (path, init = {}) => {
      const headers = { authorization: `Bearer ${DEV_TOKEN}`, ...(init.headers as object) };
      const answer = await fetch(url + path, { ...init, headers });
      if (isInFrontOfRouter(path, init)) faults.push(...(await faultsOf(path, init, answer.clone())));
      asTheReferenceSays();
      return answer;
    },
    close: async () => {
      await app.close();
      metrics.clear();
      asTheReferenceSays();
    },
  };
}

/** The router's hooks don't see what it isn't asked. */
const isInFrontOfRouter = (path: string, { method }: RequestInit): boolean =>
  path === '/v2/batch' || (method === 'DELETE' && path.endsWith('?cancel=false'));

async function faultsOf(target: string, { method = 'GET' }: RequestInit, answer: Response): Promise<string[]> {
  const type = answer.headers.get('content-type');
  const body = await answer.text();
  return reference.faultsOf({ method, target, status: answer.status, ...(type === null ? {} : { type }), body });
}

function routesOf(server: FastifyInstance): readonly ServedRoute[] {
  const routes: ServedRoute[] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) routes.push({ method: each, url, open: config?.open === true });
  });
  return routes;
}

/** A list that fills with what is not as the reference says. */
function watched(server: FastifyInstance): string[] {
  const faults: string[] = [];
  server.addHook('onSend', (request, reply, payload, done) => {
    const type = reply.getHeader('content-type');
    const body = Buffer.isBuffer(payload) ? payload.toString() : typeof payload === 'string' ? payload : '';
    faults.push(
      ...reference.faultsOf({
        method: request.method,
        target: request.originalUrl,
        status: reply.statusCode,
        ...(typeof type === 'string' ? { type } : {}),
        body: request.method === 'HEAD' ? '' : body,
      }),
    );
    done(null, payload);
  });
  return faults;
}
