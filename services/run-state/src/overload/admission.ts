import type { Decision, Submission, SubmitAnswer, SubmitRequest } from '@stepwell/core';
import type { PartitionRegistry } from '../partition/partition.registry';
import type { DeliveryDelays } from './delivery-delays';

type Refusal = Extract<Decision<SubmitAnswer>, { readonly refused: unknown }>;

const OVERLOADED = 'OVERLOADED';

/** Sheds new runs instead of growing (B4). What belongs to a live run is never refused for load, nor what one run starts for another. */
export class Admission {
  constructor(
    private readonly registry: Pick<PartitionRegistry, 'hosts'>,
    private readonly delays: Pick<DeliveryDelays, 'isBehind'>,
    private readonly maxUnsettled: number,
  ) {}

  /** Why a run that doesn't exist yet is not to begin now; undefined = it may. */
  refusalOf({ items, invoker, successorOf }: SubmitRequest): Refusal | undefined {
    if (invoker !== undefined || successorOf !== undefined || !items.every(isFresh)) return undefined;
    if (this.unsettled() >= this.maxUnsettled)
      return { refused: OVERLOADED, message: 'too much is queued already, no new runs at the moment' };
    return items.some(({ workflowUrl }) => this.delays.isBehind(workflowUrl))
      ? {
          refused: OVERLOADED,
          message: 'deliveries to this endpoint wait for too long, no new runs for it at the moment',
        }
      : undefined;
  }

  private unsettled(): number {
    return this.registry.hosts().reduce((sum, { settlement }) => sum + settlement.unsettledCount, 0);
  }
}

/** Nobody waits for it yet. */
const isFresh = (submission: Submission): boolean => submission.kind === 'start' && submission.bySdk !== true;
