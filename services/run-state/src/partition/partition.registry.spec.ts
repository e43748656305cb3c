import type { Membership, Tenure } from '@stepwell/core';
import { createMemoryStore, NewerSchema } from '@stepwell/event-store';
import { TestClock } from '@stepwell/platform';
import type { Logger } from 'pino';
import { PartitionHost } from './partition.host';
import { PartitionRegistry } from './partition.registry';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const LOGGER = SILENT as unknown as Logger;

/** A membership that says what the test says. */
class ToldMembership implements Membership {
  readonly memberId = 'me';
  living: string[] = [];
  private owned: ReadonlySet<number> = new Set();
  private readonly listeners = new Set<() => void>();
  stopped = false;

  start(): Promise<void> {
    this.living = ['me'];
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }
  assigned(): ReadonlySet<number> {
    return this.owned;
  }
  members(): readonly string[] {
    return this.living;
  }
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  leaseIsValid(): boolean {
    return true;
  }
  tell(partitions: readonly number[]): void {
    this.owned = new Set(partitions);
    for (const listener of this.listeners) listener();
  }
}

describe('which partitions this process owns (L2)', () => {
  const setUp = () => {
    const clock = new TestClock();
    const store = createMemoryStore({ clock });
    const membership = new ToldMembership();
    const served: number[][] = [];
    const tenures: Tenure[] = [];
    const recovery = { fails: 0, gate: Promise.resolve() };
    const log = {
      claim: (partition: number, signal: AbortSignal): Promise<Tenure> => store.log.claim(partition, signal),
      writeCheckpoint: store.log.writeCheckpoint.bind(store.log),
    };
    const registry = new PartitionRegistry({
      store: { membership, log: Object.assign(Object.create(store.log) as typeof store.log, log) },
      server: {
        serve: (_owner, partitions) => {
          served.push([...partitions]);
          return Promise.resolve();
        },
      },
      clock,
      logger: LOGGER,
      openHost: (tenure) => {
        tenures.push(tenure);
        return new PartitionHost(tenure, {
          log: store.log,
          blobs: store.blobs,
          membership,
          logger: LOGGER,
          newSeed: () => 'seed',
          onCommitted: { run: () => undefined, mailbox: () => undefined },
          maxCachedStreams: 10,
        });
      },
      recover: async () => {
        await recovery.gate;
        recovery.fails -= 1;
        if (recovery.fails >= 0) throw new Error('the store is down');
      },
    });
    const source = registry as unknown as { dependencies: { store: { log: typeof log } } };
    return { clock, store, membership, served, tenures, recovery, registry, log: source.dependencies.store.log };
  };

  it('is complete when all it ought to own is claimed, and not before it is a member', async () => {
    const { clock, membership, registry, served } = setUp();
    expect(registry.isComplete()).toBe(false);
    await registry.start();
    expect(registry.isComplete()).toBe(false);
    membership.tell(Array.from({ length: 64 }, (_, partition) => partition));
    expect(registry.isComplete()).toBe(false);
    await clock.advance(20);
    expect(registry.isComplete()).toBe(true);
    expect(served.at(-1)).toHaveLength(64);
    expect(served.length).toBeLessThan(20);
    membership.tell([]);
    membership.living = ['me', 'another'];
    expect(registry.isComplete()).toBe(true);
  });

  it('claims anew what it lost, if it is still its own', async () => {
    const { clock, membership, registry, tenures, store } = setUp();
    await registry.start();
    membership.tell([1]);
    await clock.advance(10);
    store.log.abandon();
    await clock.advance(10);
    expect(tenures.map(({ term }) => term)).toEqual([1, 2]);
    expect(registry.host(1).tenure).toBe(tenures[1]);
    membership.tell([]);
    await clock.advance(10);
    expect(() => registry.host(1)).toThrow('not held');
    expect(tenures).toHaveLength(2);
  });

  it('hands over with its checkpoint, and frees the partition even when that can not be written', async () => {
    const { clock, membership, registry, tenures, store, log } = setUp();
    await registry.start();
    membership.tell([1, 2]);
    await clock.advance(10);
    membership.tell([2]);
    await clock.advance(10);
    expect(await store.log.readCheckpoint(1)).toEqual({ n: 1, holes: [] });
    log.writeCheckpoint = () => Promise.reject(new Error('the store is down'));
    membership.tell([]);
    await clock.advance(10);
    expect(tenures.map(({ lost }) => lost.aborted)).toEqual([true, true]);
    expect(store.log.held().size).toBe(0);
  });

  it('leaves the checkpoint where it was until recovery is through, which is tried again', async () => {
    const { clock, membership, registry, recovery, store } = setUp();
    recovery.fails = 2;
    await registry.start();
    membership.tell([1]);
    await clock.advance(900);
    membership.tell([]);
    await clock.advance(10);
    expect(await store.log.readCheckpoint(1)).toEqual({ n: 0, holes: [] });
    recovery.fails = 2;
    membership.tell([1]);
    await clock.advance(3_000);
    expect(await registry.allRecovered()).toEqual([1]);
    expect(await store.log.readCheckpoint(1)).toMatchObject({ n: 2 });
  });

  it('leaves a partition with a newer schema alone, and looks again now and then', async () => {
    const { clock, membership, registry, log } = setUp();
    let claims = 0;
    log.claim = (partition) => {
      claims += 1;
      return Promise.reject(new NewerSchema(partition, 2, 1));
    };
    await registry.start();
    membership.tell([1]);
    await clock.advance(29_000);
    expect([claims, registry.isComplete()]).toEqual([1, false]);
    await clock.advance(2_000);
    expect(claims).toBe(2);
  });

  it('gives back a claim that lands after it is nobody’s business any more', async () => {
    const { clock, membership, registry, store, tenures } = setUp();
    await registry.start();
    membership.tell([1]);
    membership.tell([]);
    await clock.advance(10);
    expect([tenures.length, store.log.held().size, registry.hosts()]).toEqual([0, 0, []]);
  });

  it('stops when everything is handed over, what was under way included', async () => {
    const { clock, membership, registry, store } = setUp();
    await registry.start();
    membership.tell([1, 2, 3]);
    await clock.advance(10);
    membership.tell([1, 2]);
    await registry.stop();
    expect([store.log.held().size, membership.stopped]).toEqual([0, true]);
    expect(await store.log.readCheckpoint(3)).toEqual({ n: 1, holes: [] });
    membership.tell([1]);
    await clock.advance(5_000);
    expect(registry.hosts()).toEqual([]);
  });
});
