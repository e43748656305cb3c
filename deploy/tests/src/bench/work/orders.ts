import type { RunOrder, Work } from './work';

/** Seeds are below that: small numbers, as a step's result is one. */
const SEEDS = 100_000;

/** Runs of one kind, each with an id and a seed of its own. */
export class Orders {
  /** How many there have been. */
  count = 0;

  constructor(
    private readonly work: Work,
    private readonly name = 'bench',
  ) {}

  next(): RunOrder {
    this.count += 1;
    return { ...this.work, id: `wfr_${this.name}-${this.count}`, seed: this.count % SEEDS };
  }
}
