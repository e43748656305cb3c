import type { OnModuleInit } from '@nestjs/common';
import type { ShutdownSequence } from '@stepwell/platform';
import type { AttemptRunner } from './effects/attempt.runner';
import type { OutboundClient } from './outbound/http.client';

/**
 * The order of the end (conventions 3.5): nothing new is begun, what runs gets the grace to end and be reported,
 * then the connections are cut. What was not reported goes back to the bus as if it had never been taken.
 */
export class HttpCallerLifecycle implements OnModuleInit {
  constructor(
    private readonly runners: readonly AttemptRunner[],
    private readonly clients: readonly OutboundClient[],
    private readonly shutdown: ShutdownSequence,
  ) {}

  onModuleInit(): void {
    this.shutdown.add('stop-intake', 'http-caller.gates', () => {
      for (const runner of this.runners) runner.stopIntake();
    });
    this.shutdown.add('finish-in-flight', 'http-caller.requests', async (grace) => {
      await Promise.all(this.runners.map((runner) => runner.finish(grace)));
    });
    this.shutdown.add('close', 'http-caller.connections', async () => {
      await Promise.all(this.clients.map((client) => client.destroy()));
    });
  }
}
