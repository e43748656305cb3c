import { EntryTooLarge, MAX_BATCH_BYTES, MAX_ENTRY_BYTES, PartitionLost } from '@stepwell/core';
import { EVENT_SCHEMA_VERSION, NewerSchema } from '../log/partition.claim';
import { collect, entriesOf, event, PATIENCE, type StoreFixture, StreamHeads, writerOn } from './log-fixture';
import { answerLost, held, late, requestLost } from './scripted.log-driver';

const P = 7;
const MIB = 1024 * 1024;

/** Claiming, appending, fencing, unknown outcomes (architecture.md L1-L4, T2). */
export function describeLogWriting(fixture: () => StoreFixture): void {
  const writer = (schemaVersion?: number) => writerOn(fixture().driver, schemaVersion);
  const lossOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'committed',
      (error: unknown) => (error instanceof PartitionLost ? error.reason : error),
    );

  it('L1 gives dense positions to the entries of many streams, each stream its own versions', async () => {
    const { log } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    const appended = ['a', 'b', 'a', 'c', 'a'].map((stream) => heads.append(tenure, stream));
    await Promise.all(appended.map(({ committed }) => committed));
    expect(appended.map(({ n }) => n)).toEqual([2, 3, 4, 5, 6]);
    const entries = await entriesOf(log, P, 'a');
    expect(entries.map(({ n, version }) => [n, version])).toEqual([
      [2, 1],
      [4, 2],
      [6, 3],
    ]);
    expect(entries.map(({ sum }) => sum)).toEqual([appended[0]?.sum, appended[2]?.sum, appended[4]?.sum]);
  });

  it('L1 keeps partitions apart', async () => {
    const { log } = writer();
    const heads = new StreamHeads();
    for (const partition of [0, 1, 63]) {
      const tenure = await log.claim(partition, PATIENCE);
      await heads.append(tenure, `s${partition}`).committed;
    }
    expect(await collect(log.positionsAfter(1, 0))).toEqual([{ n: 2, stream: 's1' }]);
    expect(await entriesOf(log, 0, 's1')).toEqual([]);
  });

  it('L2 takes over with a higher term at the next position, and fences the former writer', async () => {
    const [before, after] = [writer(), writer()];
    const heads = new StreamHeads();
    const former = await before.log.claim(P, PATIENCE);
    expect([former.term, former.claimedAt]).toEqual([1, 1]);
    await heads.append(former, 'a').committed;
    const present = await after.log.claim(P, PATIENCE);
    expect([present.term, present.claimedAt]).toEqual([2, 3]);
    expect(former.lost.aborted).toBe(false);

    const first = heads.append(former, 'a');
    const second = heads.append(former, 'a');
    expect(await lossOf(first.committed)).toBe('fenced');
    expect(await lossOf(second.committed)).toBe('fenced');
    expect(former.lost.aborted).toBe(true);
    expect(() => former.append(heads.draft('a'))).toThrow(PartitionLost);
    expect(await heads.fold(after.log, P, 'a')).toHaveLength(1);
    await heads.append(present, 'a').committed;
    expect(await entriesOf(after.log, P, 'a')).toMatchObject([{ term: 1 }, { term: 2, n: 4 }]);
  });

  it("L2 claims again when a dead writer's last insert arrives between the look and the claim", async () => {
    const [dead, successor] = [writer(), writer()];
    const heads = new StreamHeads();
    const former = await dead.log.claim(P, PATIENCE);
    const lost = late();
    dead.driver.script(lost.script);
    const last = [heads.append(former, 'a'), heads.append(former, 'a')];
    expect(await Promise.all(last.map(({ committed }) => lossOf(committed)))).toEqual([
      'unknown-outcome',
      'unknown-outcome',
    ]);
    successor.driver.script(async (documents, insert) => {
      await lost.arrive();
      return insert(documents);
    });
    const tenure = await successor.log.claim(P, PATIENCE);
    expect([tenure.term, tenure.claimedAt]).toEqual([2, 4]);
    expect(await entriesOf(successor.log, P, 'a')).toHaveLength(2);
  });

  it("L2 keeps a dead writer's last insert out once the claim is in", async () => {
    const [dead, successor] = [writer(), writer()];
    const heads = new StreamHeads();
    const former = await dead.log.claim(P, PATIENCE);
    const lost = late();
    dead.driver.script(lost.script);
    const last = heads.append(former, 'a');
    await lossOf(last.committed);
    const tenure = await successor.log.claim(P, PATIENCE);
    expect(await lost.arrive()).toEqual({ stored: 0, duplicateAt: 0 });
    expect(await heads.fold(successor.log, P, 'a')).toEqual([]);
    await heads.append(tenure, 'a').committed;
    expect(await entriesOf(successor.log, P, 'a')).toMatchObject([{ n: 3, term: 2 }]);
  });

  it('L2 claims behind a checkpoint that is ahead of the entries', async () => {
    const { log, driver } = writer();
    await driver.writeCheckpoint(P, { n: 40, holes: [], term: 3 });
    const tenure = await log.claim(P, PATIENCE);
    expect([tenure.term, tenure.claimedAt]).toEqual([4, 41]);
  });

  it('L2 leaves a partition with newer events alone', async () => {
    const store = await fixture().open();
    const of0_1_0 = 1;
    await writer(of0_1_0).log.claim(P, PATIENCE);
    expect((await store.log.claim(P, PATIENCE)).term).toBe(2);
    const refused = await writer(of0_1_0)
      .log.claim(P, PATIENCE)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NewerSchema);
    expect(refused).toMatchObject({ partition: P, found: EVENT_SCHEMA_VERSION, known: of0_1_0 });
    await writer(EVENT_SCHEMA_VERSION + 1).log.claim(P, PATIENCE);
    await expect(store.log.claim(P, PATIENCE)).rejects.toThrow(NewerSchema);
    expect((await writer(EVENT_SCHEMA_VERSION + 1).log.claim(P, PATIENCE)).term).toBe(4);
  });

  it('L2 goes on claiming while the database fails, until the caller gives up', async () => {
    const { log, driver } = writer();
    driver.script(requestLost);
    driver.script(answerLost);
    const tenure = await log.claim(P, PATIENCE);
    // The lost answer had landed: its term is burnt.
    expect(tenure.term).toBe(2);
    const gate = held();
    driver.script(gate.script);
    const giveUp = new AbortController();
    const claim = log.claim(P, giveUp.signal);
    await gate.arrived;
    giveUp.abort(new Error('not ours any more'));
    gate.open();
    await expect(claim).rejects.toThrow('not ours any more');
    expect(log.held().size).toBe(0);
  });

  it('L2 ends the former tenure of a partition that is claimed again by the same process', async () => {
    const { log } = writer();
    const former = await log.claim(P, PATIENCE);
    const present = await log.claim(P, PATIENCE);
    expect([former.lost.aborted, present.lost.aborted]).toEqual([true, false]);
    expect([...log.held()]).toEqual([P]);
  });

  it('L3 sends at once when idle, and everything queued meanwhile with the next insert', async () => {
    const { log, driver } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    const other = await log.claim(P + 1, PATIENCE);
    const gate = held();
    driver.inserts.length = 0;
    driver.script(gate.script);
    const first = heads.append(tenure, 'a');
    await gate.arrived;
    expect(driver.inserts).toHaveLength(1);
    const later = [heads.append(tenure, 'a'), heads.append(other, 'b'), heads.append(tenure, 'c')];
    gate.open();
    await Promise.all([first, ...later].map(({ committed }) => committed));
    expect(driver.inserts.map((documents) => documents.map(({ stream }) => stream))).toEqual([['a'], ['a', 'b', 'c']]);
  });

  it('L3 keeps a batch below its limit', async () => {
    const { log, driver } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    driver.inserts.length = 0;
    const body = Buffer.alloc(3 * MIB, 1);
    const appended = [1, 2, 3, 4, 5].map((k) => heads.append(tenure, `big-${k}`, event('{}', body)));
    await Promise.all(appended.map(({ committed }) => committed));
    const sizes = driver.inserts.map((documents) => documents.length * body.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(5 * body.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  });

  it('L3 refuses an entry over the limit before it takes a position', async () => {
    const { log } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    const tooLarge = event('{}', Buffer.alloc(MAX_ENTRY_BYTES));
    expect(() => tenure.append(heads.draft('a', tooLarge))).toThrow(EntryTooLarge);
    const fits = heads.append(tenure, 'a', event('{}', Buffer.alloc(MAX_ENTRY_BYTES - 1_024)));
    await fits.committed;
    expect(fits.n).toBe(2);
  });

  it('L3 drops what follows a duplicate in its partition and sends the rest again, in order', async () => {
    const { log, driver } = writer();
    const heads = new StreamHeads();
    const [mine, fenced, third] = await Promise.all([1, 2, 3].map((partition) => log.claim(partition, PATIENCE)));
    if (mine === undefined || fenced === undefined || third === undefined) throw new Error('three tenures');
    await writer().log.claim(2, PATIENCE);
    driver.inserts.length = 0;
    const gate = held();
    driver.script(gate.script);
    const before = [heads.append(mine, 'a'), heads.append(third, 'c')];
    const hit = heads.append(fenced, 'b');
    const after = [heads.append(third, 'c'), heads.append(mine, 'a')];
    const dropped = heads.append(fenced, 'b');
    const last = heads.append(third, 'd');
    await gate.arrived;
    const queued = heads.append(mine, 'e');
    const queuedDropped = heads.append(fenced, 'b');
    gate.open();
    await Promise.all([...before, ...after, last, queued].map(({ committed }) => committed));
    expect(await Promise.all([hit, dropped, queuedDropped].map(({ committed }) => lossOf(committed)))).toEqual(
      Array(3).fill('fenced'),
    );
    expect(driver.inserts.map((documents) => documents.map(({ stream }) => stream).join(''))).toEqual([
      'acbcabd',
      'cade',
    ]);
    expect([mine, fenced, third].map((tenure) => tenure.lost.aborted)).toEqual([false, true, false]);
    expect(await entriesOf(log, 1, 'a')).toHaveLength(2);
    expect(await entriesOf(log, 3, 'c')).toHaveLength(2);
  });

  it('L3 is fenced by a taken version as by a taken position', async () => {
    const { log } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    const draft = heads.draft('a');
    await tenure.append(draft).committed;
    expect(await lossOf(tenure.append(draft).committed)).toBe('fenced');
  });

  it('L4 commits no earlier than the insert is answered', async () => {
    const { log, driver } = writer();
    const tenure = await log.claim(P, PATIENCE);
    const gate = held();
    driver.script(gate.script);
    const appended = new StreamHeads().append(tenure, 'a');
    let committed = false;
    void appended.committed.then(() => (committed = true));
    await gate.arrived;
    expect([committed, (await entriesOf(log, P, 'a')).length]).toEqual([false, 0]);
    gate.open();
    await appended.committed;
  });

  it.each([
    { name: 'that had landed', script: answerLost, found: 2 },
    { name: 'that never landed', script: requestLost, found: 0 },
  ])('L4 gives up every partition of an insert of unknown outcome $name; a new claim shows what is', async (given) => {
    const { log, driver } = writer();
    const heads = new StreamHeads();
    const [a, b, untouched] = await Promise.all([1, 2, 3].map((partition) => log.claim(partition, PATIENCE)));
    if (a === undefined || b === undefined || untouched === undefined) throw new Error('three tenures');
    driver.script(given.script);
    const lost = [heads.append(a, 'a'), heads.append(b, 'b'), heads.append(a, 'a')];
    expect(await Promise.all(lost.map(({ committed }) => lossOf(committed)))).toEqual(Array(3).fill('unknown-outcome'));
    expect([a, b, untouched].map((tenure) => tenure.lost.aborted)).toEqual([true, true, false]);
    await heads.append(untouched, 'c').committed;
    const again = await log.claim(1, PATIENCE);
    expect(await heads.fold(log, 1, 'a')).toHaveLength(given.found);
    await heads.append(again, 'a').committed;
    expect(await entriesOf(log, 1, 'a')).toHaveLength(given.found + 1);
  });

  it('L4 rejects what is queued behind an unknown outcome too, once and without an unhandled rejection', async () => {
    const { log, driver } = writer();
    const tenure = await log.claim(P, PATIENCE);
    const heads = new StreamHeads();
    const gate = held();
    driver.script(async (...insert) => {
      await gate.script(...insert);
      throw new Error('no answer');
    });
    heads.append(tenure, 'a');
    await gate.arrived;
    const queued = heads.append(tenure, 'a');
    gate.open();
    expect(await lossOf(queued.committed)).toBe('unknown-outcome');
    expect(driver.inserts.at(-1)).toHaveLength(1);
  });

  it('hands over in order: release waits for the last insert, and nothing follows it', async () => {
    const { log, driver } = writer();
    const heads = new StreamHeads();
    const tenure = await log.claim(P, PATIENCE);
    const gate = held();
    driver.script(gate.script);
    const last = heads.append(tenure, 'a');
    await gate.arrived;
    const released = tenure.release();
    expect(() => tenure.append(heads.draft('a'))).toThrow(PartitionLost);
    expect([tenure.lost.aborted, log.held().has(P)]).toEqual([false, true]);
    gate.open();
    await released;
    expect(await lossOf(last.committed)).toBe('committed');
    expect([tenure.lost.aborted, log.held().has(P)]).toEqual([true, false]);
  });

  it('ends every tenure when the process is no member any more', async () => {
    const { log } = writer();
    const tenures = await Promise.all([1, 2].map((partition) => log.claim(partition, PATIENCE)));
    const letGo = jest.fn();
    log.onLetGo(letGo);
    log.abandon();
    expect(tenures.map((tenure) => (tenure.lost.reason as PartitionLost).reason)).toEqual(['not-owned', 'not-owned']);
    expect(letGo).toHaveBeenCalledTimes(2);
  });

  it("T2 stamps server time, never below the partition's last, also over a take-over", async () => {
    const first = writer();
    const heads = new StreamHeads();
    const tenure = await first.log.claim(P, PATIENCE);
    first.clock.now += 5_000;
    const early = heads.append(tenure, 'a');
    first.clock.now -= 60_000;
    const late = heads.append(tenure, 'a');
    await late.committed;
    expect([late.at, tenure.nowMs()]).toEqual([early.at, early.at]);
    const second = writer();
    second.clock.now -= 60_000;
    const successor = await second.log.claim(P, PATIENCE);
    expect(successor.nowMs()).toBe(early.at);
  });

  it('lets two writers race for a partition: dense positions, one writer in each term', async () => {
    const writers = [writer(), writer()];
    const committed: { n: number; term: number; by: number }[] = [];
    await Promise.all(
      writers.map(async ({ log }, by) => {
        for (let round = 0; round < 100; round += 1) {
          const tenure = await log.claim(P, PATIENCE);
          for (let k = 0; k < 3; k += 1) {
            const stream = `s-${tenure.term}-${k}`;
            if (tenure.lost.aborted) break;
            const { n, committed: done } = new StreamHeads().append(tenure, stream);
            if ((await lossOf(done)) === 'committed') committed.push({ n, term: tenure.term, by });
          }
        }
      }),
    );
    const { log } = writer();
    const tail = (await log.claim(P, PATIENCE)).claimedAt;
    const positions = await collect(log.positionsAfter(P, 0));
    expect(positions.map(({ n }) => n)).toEqual(committed.map(({ n }) => n).sort((a, b) => a - b));
    // 200 claims, the entries, and the claim just made: nothing between was left out.
    expect(tail).toBe(200 + positions.length + 1);
    const writersOf = new Map<number, Set<number>>();
    for (const { term, by } of committed) writersOf.set(term, (writersOf.get(term) ?? new Set()).add(by));
    expect([...writersOf.values()].every((by) => by.size === 1)).toBe(true);
  }, 60_000);
}
