import type { OnApplicationBootstrap } from '@nestjs/common';
import type { HealthRegistry, ShutdownSequence } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { TimerEngine } from './timers/timer.engine';
import type { TimerOwner } from './timers/timer.owner';

/** Joins the members once the handlers are bound; at the end asks about nothing new, lets asks end, and hands over (conventions 3.5). */
export class SchedulerLifecycle implements OnApplicationBootstrap {
  constructor(
    private readonly owner: TimerOwner,
    engine: TimerEngine,
    health: HealthRegistry,
    shutdown: ShutdownSequence,
    private readonly logger: Logger,
  ) {
    health.addReadiness('timers', () => engine.isLoaded || 'the next timers are not read yet');
    shutdown.add('stop-intake', 'timers', () => engine.stop());
    shutdown.add('finish-in-flight', 'timers', (grace) => engine.idle(grace));
    shutdown.add('close', 'timers', () => owner.stop());
  }

  onApplicationBootstrap(): void {
    this.owner.start().catch((error: unknown) => {
      this.logger.error({ err: error }, 'could not join the members');
    });
  }
}
