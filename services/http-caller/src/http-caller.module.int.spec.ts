import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Module } from '@nestjs/common';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { MessagingServer, MemoryBroker, MemoryBus } from '@stepwell/messaging';
import {
  CommonConfig,
  HealthRegistry,
  PlatformModule,
  ShutdownSequence,
  SystemClock,
  configFrom,
  settingsOf,
} from '@stepwell/platform';
import { message, works } from '@stepwell/core';
import pino from 'pino';
import { Registry } from 'prom-client';
import { HttpCallerConfig, HttpCallerModule, intakeOf } from '.';
import { Endpoint, answering, eventually } from './testing/endpoint';
import { FakeRunState } from './testing/fake-run-state';

class Settings extends settingsOf(CommonConfig, HttpCallerConfig) {}

@Module({})
class Root {}

describe('HttpCallerModule', () => {
  const broker = new MemoryBroker();
  const bus = new MemoryBus({ member: 'http-caller-0', broker });
  const runState = new FakeRunState(broker);
  const shutdown = new ShutdownSequence();
  const metrics = new Registry();
  const errors: unknown[] = [];
  let app: INestMicroservice;
  let endpoint: Endpoint;

  beforeAll(async () => {
    endpoint = await Endpoint.start(answering(200, '', { 'upstash-workflow-sdk-version': '1' }));
    await runState.start();
    const config = configFrom(Settings, { signingCurrentKey: 'sig_x', allowPrivate: true });
    const platform = {
      config,
      bus,
      clock: new SystemClock(),
      logger: pino({ level: 'silent' }),
      metrics,
      health: new HealthRegistry(),
      shutdown,
    };
    const root: DynamicModule = { module: Root, imports: [PlatformModule.forRoot(platform), HttpCallerModule] };
    app = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
      logger: false,
      abortOnError: false,
      strategy: new MessagingServer({ bus, serves: ['http-caller'], intake: intakeOf(config) }),
    });
    await app.listen();
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([bus.close(), runState.bus.close(), endpoint.stop()]);
  });

  it('takes both kinds of work from the bus', async () => {
    const common = { runId: 'wfr_1', attempt: 0, partition: 3, url: endpoint.url, method: 'POST', headers: [] };
    const deliver = {
      ...common,
      messageId: 'msg_1',
      effectId: 'e1',
      kind: 'step' as const,
      timeoutMs: 5_000,
      tail: [],
    };
    const callOut = { ...common, messageId: 'msg_2', effectId: 'e2', timeoutMs: 5_000, body: { inline: 0 } };
    const bodies = [Buffer.from('[]')];
    const eventAt = Date.now();
    await runState.bus.publishWork(
      works.Deliver,
      'e1',
      message({ ...deliver, eventAt, segments: [{ literal: 0 }] }, bodies),
    );
    await runState.bus.publishWork(works.CallOut, 'e2', message({ ...callOut, eventAt }, bodies));
    await eventually(() => runState.deliveries.length === 1 && runState.calls.length === 1);
    expect(endpoint.seen.map(({ body }) => body.toString())).toEqual(['[]', '[]']);
    expect(await metrics.metrics()).toContain('stepwell_http_calls_total{class="call",outcome="success"} 1');
  });

  it('begins nothing after its end, and ends without a fault', async () => {
    await shutdown.run(new AbortController().signal, (_name, error) => errors.push(error));
    expect(errors).toEqual([]);
    const late = {
      runId: 'wfr_1',
      messageId: 'msg_3',
      attempt: 0,
      partition: 3,
      url: endpoint.url,
      method: 'POST',
      headers: [],
    };
    await runState.bus.publishWork(
      works.CallOut,
      'e3',
      message({ ...late, effectId: 'e3', timeoutMs: 5_000, eventAt: Date.now(), body: { inline: 0 } }, [
        Buffer.from(''),
      ]),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(runState.calls).toHaveLength(1);
  });
});
