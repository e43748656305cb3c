import { Injectable } from '@nestjs/common';

/**
 * In this order (conventions 3.5): no new work; what is running ends or is given back; nobody is listened to any more (after the
 * calls in flight, since the endpoints we call submit to us before they answer); connections close.
 */
const SHUTDOWN_PHASES = ['stop-intake', 'finish-in-flight', 'stop-listening', 'close'] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

/** `grace` is aborted when the time for a clean end is over. */
export type ShutdownStep = (grace: AbortSignal) => void | Promise<void>;

@Injectable()
export class ShutdownSequence {
  private readonly steps: { phase: ShutdownPhase; name: string; step: ShutdownStep }[] = [];

  private readonly leavers: (() => void)[] = [];

  /** Told first of all, before the delay in which load balancers notice: what comes meanwhile is still served. */
  onLeaving(listener: () => void): void {
    this.leavers.push(listener);
  }

  leave(): void {
    for (const listener of this.leavers) listener();
  }

  add(phase: ShutdownPhase, name: string, step: ShutdownStep): void {
    this.steps.push({ phase, name, step });
  }

  /** Runs phase by phase, the steps of one phase together; a failing step is reported and doesn't stop the others. */
  async run(grace: AbortSignal, onError: (name: string, error: unknown) => void): Promise<void> {
    for (const phase of SHUTDOWN_PHASES) {
      const due = this.steps.filter((each) => each.phase === phase);
      await Promise.all(
        due.map(async ({ name, step }) => {
          try {
            await step(grace);
          } catch (error) {
            onError(name, error);
          }
        }),
      );
    }
  }
}
