import type { Clock } from '@stepwell/core';
import type { MemberReport, StoreInspection } from '@stepwell/event-store';
import { NewerStore, STORE_SCHEMA_VERSION } from '@stepwell/event-store';
import { rebuildPartition } from '@stepwell/run-state';
import type { Say } from '../backup/progress';
import { membersOf } from '../doctor/member.checks';
import { some } from '../doctor/finding';

/*
 * `stepwell rebuild`: rows and timers dropped and made anew from the log, which is all they follow from (L6, L9, T1). How far effects are
 * settled is left as it is: the log doesn't say who was told of what.
 */

/** Services are running, or died less than a lease ago. Nothing was changed. */
export class ServicesAreRunning extends Error {
  readonly code = 'SERVICES_ARE_RUNNING';
  constructor(members: readonly MemberReport[]) {
    const names = some(members.map(({ role, memberId }) => `${role}/${memberId}`));
    super(`stop all services first: ${names} ${members.length === 1 ? 'is' : 'are'} running`);
    this.name = 'ServicesAreRunning';
  }
}

export interface RebuildReport {
  readonly rows: number;
  readonly timers: number;
  /** Names of streams that can't be folded. */
  readonly unreadable: readonly string[];
}

export interface RebuildOptions {
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<void>;
  readonly progress: Say;
  /** For how long a member has to be silent to be called dead: a lease and a tenth, and a bit. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 12_000;
const LOOK_EVERY_MS = 500;

/** @throws ServicesAreRunning, NewerStore, UnfinishedStore; when the store can't be reached: then it has to be run once more */
export async function rebuild(store: StoreInspection, options: RebuildOptions): Promise<RebuildReport> {
  const { schemaVersion = 0 } = (await store.layout()) ?? {};
  if (schemaVersion > STORE_SCHEMA_VERSION) throw new NewerStore(schemaVersion, STORE_SCHEMA_VERSION);
  await mustBeStopped(store, options);
  await store.beginRebuild();
  const report = await rebuildAll(store, options.progress);
  await store.finishRebuild();
  return report;
}

/** Every partition's rows and timers, where there are none. */
export async function rebuildAll(store: StoreInspection, progress: Say): Promise<RebuildReport> {
  const total = { rows: 0, timers: 0, unreadable: [] as string[] };
  for (const { partition, tail } of await store.partitions()) {
    const { rows, timers, unreadable } = await rebuildPartition(store, partition, tail);
    total.rows += rows;
    total.timers += timers;
    total.unreadable.push(...unreadable);
    progress(`rebuilt ${total.rows} rows and ${total.timers} timers of ${partition + 1} partitions`);
  }
  return total;
}

export const unreadableLine = (unreadable: readonly string[]): string =>
  `${unreadable.length} could not be read, and are in no list: ${some(unreadable)}. To do: run \`stepwell doctor --full\``;

/** Who left in order has left no trace. Who was killed is there, and silent. */
async function mustBeStopped(store: StoreInspection, options: RebuildOptions): Promise<void> {
  const { clock, pause, silenceMs = SILENCE_MS } = options;
  const before = await store.members();
  const silentFrom = clock.monotonicMs();
  while (before.length > 0 && clock.monotonicMs() - silentFrom < silenceMs) {
    await pause(LOOK_EVERY_MS);
    const { alive } = membersOf(before, await store.members());
    if (alive.length > 0) throw new ServicesAreRunning(alive);
  }
}
