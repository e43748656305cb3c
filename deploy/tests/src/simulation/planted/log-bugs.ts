import type { EventLog } from '@stepwell/core';
import type { MemoryData } from '@stepwell/event-store';
import type { LogDocument, LogDriver } from '@stepwell/event-store/testing';
import { positionOf } from '@stepwell/event-store/testing';
import { PartitionHost } from '@stepwell/run-state/testing';
import { overriding } from './overriding';
import type { PlantedBug } from './planted-bug';
import { planted } from './planted-bug';

const withLog = (log: EventLog, overrides: Partial<EventLog>): EventLog => overriding(log, overrides);

/** L4: what is appended counts as committed at once. */
export const answerBeforeCommit = planted('answer before commit', 'nobody waits for the insert', () => ({
  runStateStore: (store) => ({
    ...store,
    log: withLog(store.log, {
      claim: async (partition, signal) => {
        const tenure = await store.log.claim(partition, signal);
        return overriding(tenure, {
          append: (draft) => ({ ...tenure.append(draft), committed: Promise.resolve() }),
        });
      },
    }),
  }),
}));

/** L2: the database takes whatever comes last. */
export const noFence = planted('no fence', 'a second document may take the place of the first', () => ({
  logDriver: (driver, data) => unfenced(driver, data),
}));

function unfenced(driver: LogDriver, data: MemoryData): LogDriver {
  return overriding(driver, {
    insertMany: (documents) => {
      for (const document of documents) makeRoom(data, document);
      return driver.insertMany(documents);
    },
  });
}

function makeRoom({ entries, versions }: MemoryData, { _id, p, stream, version }: LogDocument): void {
  const partition = entries.get(p);
  const there = partition?.get(positionOf(p, _id));
  if (there) versions.delete(`${p}/${there.version}/${there.stream}`);
  versions.delete(`${p}/${version}/${stream}`);
  partition?.delete(positionOf(p, _id));
}

/** L2: answers without a write that don't rest on the lease. */
export const zombiesRefusal = planted(
  'zombie’s refusal',
  'the lease is always valid',
  () => ({
    runStateStore: (store) => ({ ...store, membership: overriding(store.membership, { leaseIsValid: () => true }) }),
  }),
  'zombies',
);

type Release = (this: PartitionHost, answer: unknown, kind: string, ...grounds: unknown[]) => Promise<unknown>;

/** L4: "already so" before its twin is committed. */
export const earlyAlreadySo: PlantedBug = {
  name: 'early “already so”',
  says: 'an answer without events doesn’t wait for the commit of what it saw',
  plant: () => {
    const host = PartitionHost.prototype as unknown as { release: Release };
    const { release } = host;
    host.release = function early(this: PartitionHost, answer, kind, ...grounds) {
      return kind === 'already-so' ? Promise.resolve(answer) : release.call(this, answer, kind, ...grounds);
    };
    return {
      sabotage: {},
      uproot: () => {
        host.release = release;
      },
    };
  },
};

/** E1: the checkpoint leads. */
export const lostHole = planted('lost hole', 'the checkpoint forgets one of its holes', () => ({
  runStateStore: (store) => ({
    ...store,
    log: withLog(store.log, {
      writeCheckpoint: (tenure, { n, holes }) => store.log.writeCheckpoint(tenure, { n, holes: holes.slice(1) }),
    }),
  }),
}));
