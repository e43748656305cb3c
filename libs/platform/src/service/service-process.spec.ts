import { Controller, Get, Inject, Module } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Bus } from '@stepwell/core';
import { CommonConfig, configFrom, Setting, settingsOf } from '../config';
import { ShutdownSequence } from '../shutdown-sequence';
import { BUS, CLOCK, LOGGER, METRICS } from '../tokens';
import { HealthRegistry } from '../health-registry';
import type { Connected, ServiceDefinition } from './service-definition';
import { ServiceProcess } from './service-process';

class ExampleSettings {
  @Setting('STEPWELL_EXAMPLE_GREETING', { description: 'What to say.', default: 'hello' })
  readonly greeting!: string;
}
class ExampleConfig extends settingsOf(CommonConfig, ExampleSettings) {}

@Controller()
class GreetingController {
  constructor(
    // The part, not the whole: `standalone` provides the same from a config class of its own.
    private readonly settings: ExampleSettings,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  @Get()
  greet(): string {
    return `${this.settings.greeting}, ${this.bus.isConnected() ? 'connected' : 'alone'}`;
  }
}

@Module({ controllers: [GreetingController] })
class ExampleModule {
  constructor(
    @Inject(CLOCK) clock: object,
    @Inject(LOGGER) logger: object,
    @Inject(METRICS) metrics: object,
    health: HealthRegistry,
    shutdown: ShutdownSequence,
    config: ExampleConfig,
  ) {
    provided.push(clock, logger, metrics, health, shutdown, config);
  }
}

const provided: unknown[] = [];

const quiet = (values: Partial<ExampleConfig> = {}) =>
  configFrom(ExampleConfig, {
    logLevel: 'silent',
    metricsHost: '127.0.0.1',
    metricsPort: 0,
    shutdownDelayMs: 0,
    shutdownGraceMs: 5_000,
    ...values,
  });

class Journal {
  readonly entries: string[] = [];
  isConnected = true;

  readonly connect = (): Promise<Connected> =>
    Promise.resolve({
      bus: {
        ask: () => Promise.reject(new Error('not here')),
        publishWork: () => Promise.reject(new Error('not here')),
        onWorkForgotten: () => () => undefined,
        isConnected: () => this.isConnected,
        serve: () => Promise.resolve(),
        stopIntake: () => this.note('bus.stopIntake'),
        drain: (grace: AbortSignal) => this.note(grace.aborted ? 'bus.drain too late' : 'bus.drain'),
      },
      close: () => this.note('connections.close'),
    });

  note(entry: string): Promise<void> {
    this.entries.push(entry);
    return Promise.resolve();
  }
}

const withHttp = (journal: Journal): ServiceDefinition<ExampleConfig, Connected> => ({
  name: 'example',
  config: ExampleConfig,
  connect: journal.connect,
  module: () => ExampleModule,
  http: () => ({ adapter: new FastifyAdapter(), host: '127.0.0.1', port: 0 }),
});

const status = async (port: number | undefined, path: string) =>
  (await fetch(`http://127.0.0.1:${port ?? 0}${path}`)).status;

describe('ServiceProcess', () => {
  let running: ServiceProcess<ExampleConfig, Connected> | undefined;
  afterEach(() => running?.stop());

  const start = async (definition: ServiceDefinition<ExampleConfig, Connected>, config = quiet()) => {
    running = new ServiceProcess(definition, config);
    await running.start();
    return running;
  };

  it('serves its module with everything of the platform injected', async () => {
    provided.length = 0;
    const service = await start(withHttp(new Journal()));
    expect(await (await fetch(`http://127.0.0.1:${service.httpPort ?? 0}/`)).text()).toBe('hello, connected');
    expect(await status(service.probePort, '/health/ready')).toBe(200);
    expect(provided).toEqual([
      expect.anything(),
      service.logger,
      service.metrics,
      service.health,
      service.shutdown,
      service.config,
    ]);
  });

  it('is not ready while the bus is gone', async () => {
    const journal = new Journal();
    const service = await start(withHttp(journal));
    journal.isConnected = false;
    expect(await status(service.probePort, '/health/ready')).toBe(503);
    expect(await status(service.probePort, '/health/live')).toBe(200);
  });

  it('ends in order: intake, what is running, listening, connections', async () => {
    const journal = new Journal();
    const service = await start(withHttp(journal));
    const { httpPort = 0, probePort } = service;
    service.shutdown.add('finish-in-flight', 'call', async () => {
      await journal.note(`http still answers ${await status(httpPort, '/')}`);
      await journal.note(`ready ${await status(probePort, '/health/ready')}`);
    });
    service.shutdown.add('close', 'lease', async () => {
      await journal.note(await status(httpPort, '/').then(String, () => 'http is closed'));
    });
    await service.stop();
    expect(journal.entries).toEqual([
      'bus.stopIntake',
      'bus.drain',
      'http still answers 200',
      'ready 503',
      'http is closed',
      'connections.close',
    ]);
    await expect(status(probePort, '/health/live')).rejects.toThrow();
  });

  it('aborts the grace for what does not end by itself', async () => {
    const journal = new Journal();
    const service = await start(withHttp(journal), quiet({ shutdownGraceMs: 20 }));
    service.shutdown.add('finish-in-flight', 'call', (grace) => {
      return new Promise((resolve) => {
        grace.addEventListener('abort', () => {
          resolve(journal.note('given back'));
        });
      });
    });
    await service.stop();
    expect(journal.entries).toContain('given back');
    expect(journal.entries.at(-1)).toBe('connections.close');
  });

  it('goes on when a step of the end fails', async () => {
    const journal = new Journal();
    const service = await start(withHttp(journal));
    service.shutdown.add('stop-intake', 'faulty', () => Promise.reject(new Error('no')));
    await service.stop();
    expect(journal.entries.at(-1)).toBe('connections.close');
  });

  it('ends once, however often it is told to', async () => {
    const journal = new Journal();
    const service = await start(withHttp(journal));
    await Promise.all([service.stop(), service.stop()]);
    expect(journal.entries.filter((entry) => entry === 'connections.close')).toHaveLength(1);
  });

  it('says what a start waits for, and lets itself be stopped meanwhile', async () => {
    running = new ServiceProcess(
      {
        name: 'example',
        config: ExampleConfig,
        connect: (_config, base) => {
          base.waitingFor('nats');
          return new Promise((_resolve, reject) => {
            base.stopping.addEventListener('abort', () => {
              reject(base.stopping.reason as Error);
            });
          });
        },
        module: () => ExampleModule,
      },
      quiet({ shutdownDelayMs: 60_000 }),
    );
    const starting = running.start();
    const failed = expect(starting).rejects.toThrow('told to stop');
    while (running.probePort === undefined) await new Promise((resolve) => setImmediate(resolve));
    const answer = await fetch(`http://127.0.0.1:${running.probePort}/health/startup`);
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'waiting for nats', checks: {} }]);
    await running.stop();
    await failed;
  });

  it('closes what it had opened when the start fails', async () => {
    const journal = new Journal();
    const definition = {
      ...withHttp(journal),
      module: () => {
        throw new Error('no module');
      },
    };
    await expect(start(definition)).rejects.toThrow('no module');
    expect(journal.entries).toEqual(['connections.close']);
    await expect(status(running?.probePort, '/health/live')).rejects.toThrow();
    running = undefined;
  });

  it('starts a transport without HTTP', async () => {
    const journal = new Journal();
    const definition: ServiceDefinition<ExampleConfig, Connected> = {
      name: 'example',
      config: ExampleConfig,
      connect: journal.connect,
      module: () => ExampleModule,
      microservice: () => ({
        listen: (ready: () => void) => {
          journal.entries.push('listening');
          ready();
        },
        close: () => journal.note('transport.close'),
      }),
    };
    const service = await start(definition);
    expect(service.httpPort).toBeUndefined();
    await service.stop();
    expect(journal.entries).toEqual([
      'listening',
      'bus.stopIntake',
      'bus.drain',
      'transport.close',
      'connections.close',
    ]);
  });
});
