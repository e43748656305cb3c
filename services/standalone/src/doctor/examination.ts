import type { StoreInspection } from '@stepwell/event-store';
import type { NatsInspection } from '@stepwell/messaging';
import type { Finding } from './finding';

/** What the checks of one visit share. */
export interface Examination {
  readonly store: StoreInspection;
  /** Absent where it has no work in it: for one process, or when it is away. */
  readonly broker?: NatsInspection;
  /** Everything instead of a sample. */
  readonly isFull: boolean;
  readonly fix: boolean;
  /** What may be late, or silent, without anything being wrong. */
  readonly graceMs: number;
  /** The store's time, unix ms. */
  readonly now: () => number;
  /** A live system moves: what looks wrong is looked at again after this. */
  readonly settle: () => Promise<void>;
}

export type Check = (examination: Examination) => Promise<Finding[]>;

/** How many runs, and timers, are looked at where not all are. */
export const SAMPLE = 500;
