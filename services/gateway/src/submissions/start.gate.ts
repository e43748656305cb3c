import { Inject, Injectable } from '@nestjs/common';
import type { Clock, GiveUpSignal } from '@stepwell/core';
import { originOf } from '@stepwell/core';
import { CLOCK, FairGate, GateRefusal, Problem } from '@stepwell/platform';
import { PatientAsker } from '../asking/patient-asker';
import { GatewayConfig } from '../gateway.config';

/** Who is not answered for so long waits for an owner that is away, and is no load: others may go ahead. */
const PLACE_LIMIT_MS = 500;
/** Beside others, an endpoint gets this part of the places. */
const POLITE_PART = 8;

/**
 * Requests that begin runs, and which of them is asked for now (B4): a flood of them for one endpoint waits here, and is refused here,
 * while those for others and all that belongs to live runs go on.
 */
@Injectable()
export class StartGate {
  private readonly gate: FairGate;

  constructor(
    private readonly config: GatewayConfig,
    private readonly asker: PatientAsker,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const { startConcurrency, maxPending } = config;
    this.gate = new FairGate({
      places: startConcurrency,
      placesPerKey: startConcurrency,
      // One alone can't take what others need.
      waitingPerKey: Math.ceil(maxPending / 2),
      waitingInAll: maxPending,
      politeness: { placesPerKey: Math.ceil(startConcurrency / POLITE_PART), clock },
    });
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.gate.waitingCount;
  }

  /**
   * @param workflowUrl of the request's first run
   * @throws Problem `OVERLOADED` when too many wait; `UNAVAILABLE` when its turn doesn't come within the patience, or the client is gone
   */
  async run<T>(workflowUrl: string, work: () => Promise<T>, hangUp: GiveUpSignal): Promise<T> {
    if (this.asker.pending >= this.config.maxPending) throw new Problem('OVERLOADED');
    let limit: AbortSignal | undefined;
    const patience = (): AbortSignal => {
      const gone = new AbortController();
      hangUp.addEventListener('abort', () => {
        gone.abort();
      });
      if (hangUp.aborted) gone.abort();
      return (limit = AbortSignal.any([gone.signal, AbortSignal.timeout(this.config.patienceMs)]));
    };
    const begin = (): Promise<{ readonly done: Promise<T> }> => this.placed(work());
    try {
      const { done } = await this.gate.run(originOf(workflowUrl), begin, patience);
      return await done;
    } catch (error) {
      if (error instanceof GateRefusal) throw new Problem('OVERLOADED', undefined, { cause: error });
      if (limit?.aborted === true && error === limit.reason)
        throw new Problem('UNAVAILABLE', undefined, { cause: error });
      throw error;
    }
  }

  /** Resolves when the work is done, whatever became of it, or when it has had its place for long enough. */
  private async placed<T>(done: Promise<T>): Promise<{ readonly done: Promise<T> }> {
    await new Promise<void>((over) => {
      const cancel = this.clock.after(PLACE_LIMIT_MS, over);
      const ended = (): void => {
        cancel();
        over();
      };
      done.then(ended, ended);
    });
    return { done };
  }
}
