import { CorruptStream, type Tenure } from '@stepwell/core';
import type { LogDocument } from '../log/log-driver';
import { entryId } from '../log/log-position';
import { chainSum } from '../log/stream-checksum';
import { collect, entriesOf, event, eventOf, PATIENCE, type StoreFixture, StreamHeads, writerOn } from './log-fixture';

const P = 11;

/** What comes back from the log (architecture.md L5, L6) and checkpoints (E1). */
export function describeLogReading(fixture: () => StoreFixture): void {
  const writer = () => writerOn(fixture().driver);

  it('L5 gives back the exact bytes and the exact text', async () => {
    const { log } = writer();
    const tenure = await log.claim(P, PATIENCE);
    const bodies = [Buffer.from([0, 255, 128, 10]), Buffer.alloc(0), Buffer.from('grüße 👋')];
    const data = '{"$where":1,"a.b":{"__proto__":9007199254740993},"x":"\\u0000 👋"}';
    const written = [event(data, ...bodies), event('[]'), event('{}', Buffer.alloc(100_000, 7))];
    await new StreamHeads().append(tenure, 'a', ...written).committed;
    const [entry] = await entriesOf(log, P, 'a');
    expect(entry?.events.map((read) => [read.type, read.data])).toEqual(
      written.map(({ type, data: text }) => [type, text]),
    );
    const read = entry?.events.flatMap((one) => one.bodies.map((body) => Buffer.from(body).toString('hex')));
    expect(read).toEqual(written.flatMap((one) => one.bodies.map((body) => Buffer.from(body).toString('hex'))));
  });

  it('L6 reads ranges, verified from the entry before', async () => {
    const { log } = writer();
    const tenure = await log.claim(P, PATIENCE);
    await appendMany(tenure, 'a', 5);
    const versions = async (range: { fromVersion?: number; toVersion?: number }) =>
      (await entriesOf(log, P, 'a', range)).map(({ version }) => version);
    expect(await versions({})).toEqual([1, 2, 3, 4, 5]);
    expect(await versions({ fromVersion: 3 })).toEqual([3, 4, 5]);
    expect(await versions({ fromVersion: 2, toVersion: 3 })).toEqual([2, 3]);
    expect(await versions({ toVersion: 1 })).toEqual([1]);
    expect(await versions({ fromVersion: 6 })).toEqual([]);
    expect(await entriesOf(log, P, 'unknown')).toEqual([]);
  });

  it.each<{ name: string; plant: (good: LogDocument) => LogDocument; version: number }>([
    { name: 'changed data', plant: (good) => ({ ...good, events: [event('{"changed":1}')] }), version: 3 },
    { name: 'a changed body', plant: (good) => ({ ...good, events: [event('{}', Buffer.of(1))] }), version: 3 },
    { name: 'a changed time', plant: (good) => ({ ...good, at: good.at + 1 }), version: 3 },
    { name: 'a missing version', plant: (good) => ({ ...good, version: 4 }), version: 3 },
    { name: 'an entry of another stream', plant: (good) => ({ ...good, sum: sumAs('b', good) }), version: 3 },
  ])('L6 finds $name', async ({ plant, version }) => {
    const { log, driver } = writer();
    const tenure = await log.claim(P, PATIENCE);
    const sum = await appendMany(tenure, 'a', 2);
    const good = { stream: 'a', version: 3, at: 1, events: [event()] };
    const document = { _id: entryId(P, 4), p: P, term: 1, sum: chainSum(sum, good), ...good };
    await driver.insertMany([plant(document)]);
    const error = await entriesOf(log, P, 'a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorruptStream);
    expect(error).toMatchObject({ stream: 'a', version });
    expect(await entriesOf(log, P, 'a', { toVersion: 2 })).toHaveLength(2);
  });

  it('L8 starts to trust at the first entry asked for, where older ones were removed', async () => {
    const { log, driver } = writer();
    await log.claim(P, PATIENCE);
    const kept = { stream: 'a', version: 9, at: 1, events: [event()] };
    const sum = chainSum('of a removed entry', kept);
    await driver.insertMany([{ _id: entryId(P, 2), p: P, term: 1, sum, ...kept }]);
    expect(await entriesOf(log, P, 'a', { fromVersion: 9 })).toHaveLength(1);
    await expect(entriesOf(log, P, 'a')).rejects.toThrow(CorruptStream);
  });

  it('L8 finds the newest entry that begins with a type, from where the stream can be read on', async () => {
    const { log } = writer();
    const tenure = await log.claim(P, PATIENCE);
    const heads = new StreamHeads();
    const snapshot = (state: string) => eventOf('Snapshot', state, Buffer.from(state));
    heads.append(tenure, 'a');
    heads.append(tenure, 'a', snapshot('first'));
    heads.append(tenure, 'a');
    heads.append(tenure, 'a', snapshot('second'), event());
    heads.append(tenure, 'a', event(), snapshot('not where an entry begins'));
    heads.append(tenure, 'b', snapshot('of another stream'));
    const other = await log.claim(P + 1, PATIENCE);
    heads.append(other, 'c', snapshot('of another partition'));
    await heads.append(tenure, 'a').committed;

    const second = await log.lastEntryOf(P, 'a', 'Snapshot');
    expect(second).toEqual((await entriesOf(log, P, 'a', { fromVersion: 4, toVersion: 4 }))[0]);
    expect(Buffer.from(second?.events[0]?.bodies[0] ?? []).toString()).toBe('second');
    expect((await entriesOf(log, P, 'a', { fromVersion: second?.version ?? 0 })).length).toBe(3);
    expect((await log.lastEntryOf(P, 'a', 'Snapshot', 5))?.version).toBe(4);
    expect((await log.lastEntryOf(P, 'a', 'Snapshot', 4))?.version).toBe(2);
    expect(await log.lastEntryOf(P, 'a', 'Snapshot', 2)).toBeUndefined();
    expect(await log.lastEntryOf(P, 'a', 'Snap')).toBeUndefined();
    expect(await log.lastEntryOf(P, 'c', 'Snapshot')).toBeUndefined();
    expect(await log.lastEntryOf(P, 'unknown', 'Snapshot')).toBeUndefined();
    expect((await log.lastEntryOf(P, 'a', 'Happened', Infinity))?.version).toBe(6);
  });

  it('L8 finds it under thousands of later entries, and where older ones were removed', async () => {
    const { log, driver } = writer();
    const plant = (firstVersion: number, count: number, type: string) =>
      driver.insertMany(
        Array.from({ length: count }, (_, k) => {
          const version = firstVersion + k;
          return {
            _id: entryId(P, version),
            p: P,
            stream: 'a',
            version,
            at: 1,
            term: 1,
            events: [eventOf(type)],
            sum: '',
          };
        }),
      );
    await plant(3_000, 1, 'Snapshot');
    await plant(3_001, 1, 'Other');
    await plant(3_002, 2_998, 'Happened');
    expect((await log.lastEntryOf(P, 'a', 'Snapshot'))?.version).toBe(3_000);
    expect((await log.lastEntryOf(P, 'a', 'Happened', 5_000))?.version).toBe(4_999);
    expect((await log.lastEntryOf(P, 'a', 'Other', 4_002))?.version).toBe(3_001);
    expect(await log.lastEntryOf(P, 'a', 'Other', 3_001)).toBeUndefined();
    expect(await log.lastEntryOf(P, 'a', 'Nothing')).toBeUndefined();
  });

  it('E1 tells which stream each position belongs to, claims left out', async () => {
    const { log } = writer();
    const heads = new StreamHeads();
    await heads.append(await log.claim(P, PATIENCE), 'a').committed;
    const tenure = await log.claim(P, PATIENCE);
    for (const stream of ['b', 'a', 'c']) await heads.append(tenure, stream).committed;
    expect(await collect(log.positionsAfter(P, 0))).toEqual([
      { n: 2, stream: 'a' },
      { n: 4, stream: 'b' },
      { n: 5, stream: 'a' },
      { n: 6, stream: 'c' },
    ]);
    expect(await collect(log.positionsAfter(P, 5))).toEqual([{ n: 6, stream: 'c' }]);
    expect(await log.streamsAt(P, [6, 1, 2, 3, 99])).toEqual([
      { n: 2, stream: 'a' },
      { n: 6, stream: 'c' },
    ]);
    expect(await log.streamsAt(P, [])).toEqual([]);
  });

  it("E1 keeps a partition's checkpoint, and drops a zombie's", async () => {
    const [zombie, present] = [writer(), writer()];
    expect(await zombie.log.readCheckpoint(P)).toEqual({ n: 0, holes: [] });
    const former = await zombie.log.claim(P, PATIENCE);
    await zombie.log.writeCheckpoint(former, { n: 8, holes: [2, 5] });
    expect(await present.log.readCheckpoint(P)).toEqual({ n: 8, holes: [2, 5] });
    const tenure = await present.log.claim(P, PATIENCE);
    await present.log.writeCheckpoint(tenure, { n: 9, holes: [] });
    await zombie.log.writeCheckpoint(former, { n: 20, holes: [] });
    expect(await zombie.log.readCheckpoint(P)).toEqual({ n: 9, holes: [] });
    await present.log.writeCheckpoint(tenure, { n: 10, holes: [9] });
    expect(await present.log.readCheckpoint(P)).toEqual({ n: 10, holes: [9] });
    expect(await present.log.readCheckpoint(P + 1)).toEqual({ n: 0, holes: [] });
  });
}

async function appendMany(tenure: Tenure, stream: string, count: number): Promise<string> {
  const heads = new StreamHeads();
  let sum = '';
  for (let k = 0; k < count; k += 1) {
    const appended = heads.append(tenure, stream, event(`{"k":${k}}`));
    await appended.committed;
    sum = appended.sum;
  }
  return sum;
}

function sumAs(stream: string, document: LogDocument): string {
  return chainSum('', { ...document, stream });
}
