import type { OnApplicationBootstrap } from '@nestjs/common';
import type { HealthRegistry, ShutdownSequence } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { RunStateRuntime } from './run-state.runtime';

/** Takes partitions once the handlers are bound, and hands them over before the bus goes. */
export class RunStateLifecycle implements OnApplicationBootstrap {
  constructor(
    private readonly runtime: RunStateRuntime,
    health: HealthRegistry,
    shutdown: ShutdownSequence,
    private readonly logger: Logger,
  ) {
    const { store, registry } = runtime;
    health.addReadiness('mongodb', () => store.log.isConnected() || 'no connection to MongoDB');
    health.addReadiness('partitions', () => registry.isComplete() || 'not all partitions are claimed yet');
    shutdown.add('close', 'partitions', (grace) => runtime.stop(grace));
  }

  onApplicationBootstrap(): void {
    this.runtime.start().catch((error: unknown) => {
      this.logger.error({ err: error }, 'could not join the members');
    });
  }
}
