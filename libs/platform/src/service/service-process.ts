import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CommonConfig } from '../config';
import { HealthRegistry } from '../health-registry';
import { createLogger } from '../logging';
import { createMetrics } from '../metrics';
import { ProbeServer } from '../probes';
import { ShutdownSequence } from '../shutdown-sequence';
import { SystemClock } from '../time';
import type { StartedApplication } from './service-application';
import { startApplication } from './service-application';
import type { Connected, ServiceBase, ServiceDefinition } from './service-definition';

/**
 * One service from its configuration to its end, without a word about signals and exit codes (`run-service.ts` has those).
 *
 * 1. The probes are up first and down last: whoever waits can ask what for.
 * 2. An end goes: not ready, delay, the shutdown sequence within the grace, Nest, connections, probes (conventions 3.5).
 * 3. `stop` may come at any time, also during the start, which it cuts short; a second `stop` is the first.
 * 4. A start that fails closes what it had opened.
 */
export class ServiceProcess<Config extends CommonConfig, Link extends Connected> implements ServiceBase<Config> {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly health = new HealthRegistry();
  readonly shutdown = new ShutdownSequence();
  readonly stopping: AbortSignal;

  private readonly stopRequested = new AbortController();
  private readonly probes: ProbeServer;
  private connected: Link | undefined;
  private application: StartedApplication | undefined;
  private starting: Promise<void> | undefined;
  private ending: Promise<void> | undefined;
  private openProbePort: number | undefined;

  constructor(
    private readonly definition: ServiceDefinition<Config, Link>,
    readonly config: Config,
  ) {
    this.name = definition.name;
    this.stopping = this.stopRequested.signal;
    this.logger = createLogger(config, definition.name);
    this.metrics = createMetrics(definition.name);
    this.probes = new ProbeServer(this.health, this.metrics);
  }

  /** Where the probes are served, once they are. */
  get probePort(): number | undefined {
    return this.openProbePort;
  }

  get httpPort(): number | undefined {
    return this.application?.httpPort;
  }

  waitingFor(what: string): void {
    this.probes.startingWith(what);
  }

  start(): Promise<void> {
    this.starting ??= this.startOnce();
    return this.starting;
  }

  /** Resolves when everything is closed. Never rejects: what fails on the way is logged. */
  stop({ delayMs = this.config.shutdownDelayMs }: { delayMs?: number } = {}): Promise<void> {
    this.ending ??= this.end(delayMs);
    return this.ending;
  }

  private async startOnce(): Promise<void> {
    const startedAt = performance.now();
    try {
      this.openProbePort = await this.probes.listen(this.config.metricsHost, this.config.metricsPort);
      this.waitingFor('connections');
      const connected = await this.definition.connect(this.config, this);
      this.connected = connected;
      this.health.addReadiness('bus', () => connected.bus.isConnected());
      this.stopping.throwIfAborted();

      this.waitingFor('the module');
      this.shutdown.add('stop-intake', 'bus', () => connected.bus.stopIntake());
      this.shutdown.add('finish-in-flight', 'bus', (grace) => connected.bus.drain(grace));
      this.application = await startApplication(
        this,
        connected,
        connected.clock ?? new SystemClock(),
        this.definition.module(this.config, connected, this),
        this.definition.microservice?.(connected, this),
        this.definition.http?.(this.config, this),
      );
      this.stopping.throwIfAborted();
    } catch (error) {
      if (!this.stopping.aborted) await this.closeAll();
      throw error;
    }
    this.probes.started();
    const { probePort, httpPort } = this;
    this.logger.info({ probePort, httpPort, durationMs: Math.round(performance.now() - startedAt) }, 'started');
  }

  private async end(delayMs: number): Promise<void> {
    this.probes.draining();
    this.stopRequested.abort(new Error('told to stop'));
    const wasStarted = await settled(this.starting);
    this.shutdown.leave();
    if (wasStarted && delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));

    const grace = new AbortController();
    const graceOver = setTimeout(() => {
      this.logger.warn({ graceMs: this.config.shutdownGraceMs }, 'the grace is over, what still runs is given back');
      grace.abort();
    }, this.config.shutdownGraceMs);
    await this.shutdown.run(grace.signal, (step, error) => {
      this.logger.error({ err: error, step }, 'a step of the shutdown failed');
    });
    clearTimeout(graceOver);
    await this.closeAll();
    this.logger.info('stopped');
  }

  private async closeAll(): Promise<void> {
    await this.attempt('the application', () => this.application?.app.close());
    await this.attempt('the connections', () => this.connected?.close());
    await this.attempt('the probes', () => this.probes.close());
  }

  private async attempt(what: string, close: () => Promise<void> | undefined): Promise<void> {
    try {
      await close();
    } catch (error) {
      this.logger.error({ err: error }, `closing ${what} failed`);
    }
  }
}

async function settled(starting: Promise<void> | undefined): Promise<boolean> {
  try {
    await starting;
    return starting !== undefined;
  } catch {
    return false;
  }
}
