import { idInRun } from '@stepwell/core';
import { FreshIds } from '@stepwell/gateway/testing';
import type { Chance } from './chance';

/** The gateway's ids, from the seed. */
export class SimulatedIds extends FreshIds {
  constructor(private readonly chance: Chance) {
    super();
  }

  override message(runId: string): string {
    return idInRun('msg', this.chance.id(), runId);
  }

  override run(): string {
    return `wfr_${this.chance.id()}`;
  }

  override request(): string {
    return this.chance.id();
  }
}
