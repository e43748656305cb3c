import type { Decision, RunEvent } from '@stepwell/core';
import { cancel, event, finish, partitionOf, runStream } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import type { Logger } from 'pino';
import { runKey } from '../aggregates';
import type { NewBlob } from '../bodies/body.admission';
import { HeldLog } from '../testing/held-log';
import type { Committed, HostDependencies } from './partition.host';
import { PartitionHost } from './partition.host';
import type { RunStream } from './stream';
import { serializeEvent } from './stream';

const RUN_ID = 'wfr_1';
const RUN = runKey(RUN_ID);
const STREAM = runStream(RUN_ID);
const PARTITION = partitionOf(STREAM);

const started: () => RunEvent = () => {
  const scenario = new RunScenario(RUN_ID);
  scenario.start();
  const first = scenario.history[0]?.events[0];
  if (!first) throw new Error('nothing was started');
  return first;
};

const start = (): Decision<object> => ({ accepted: [started()], answer: { done: true } });

/** Other runs of the partition. */
const runsHere = (count: number): string[] =>
  Array.from({ length: 5_000 }, (_, i) => `wfr_other_${i}`)
    .filter((runId) => partitionOf(runStream(runId)) === PARTITION)
    .slice(0, count);

describe('one partition during one tenure (L3, L4)', () => {
  const setUp = (more: Partial<HostDependencies> = {}) => {
    const log = new HeldLog(PARTITION);
    const lease = { valid: true };
    const handedOn: (Committed<'run'> & { readonly row: RunStream['row'] })[] = [];
    const faults: string[] = [];
    const blobs: string[] = [];
    const logger = { error: (_details: object, text: string) => faults.push(text) } as unknown as Logger;
    const host = new PartitionHost(log, {
      log: log as unknown as HostDependencies['log'],
      blobs: {
        put: (_run, sha256) => {
          blobs.push(sha256);
          return Promise.resolve();
        },
        get: () => Promise.resolve(undefined),
      },
      membership: { leaseIsValid: () => lease.valid },
      logger,
      newSeed: () => 'seed',
      onCommitted: {
        run: (_host, committed) => handedOn.push({ ...committed, row: committed.stream.row }),
        mailbox: () => undefined,
      },
      maxCachedStreams: 2,
      ...more,
    });
    return { log, lease, handedOn, faults, blobs, host };
  };

  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve)).then(() => undefined);

  it('answers and hands on after the commit, and not before', async () => {
    const { log, host, handedOn } = setUp();
    let answered = false;
    const answer = host.execute(RUN, start).finally(() => {
      answered = true;
    });
    await settle();
    await settle();
    expect([log.drafts.length, answered, handedOn.length]).toEqual([1, false, 0]);
    expect(host.settlement.checkpoint()).toEqual({ n: 100, holes: [] });
    await log.commit();
    expect(await answer).toEqual({ done: true });
    expect(handedOn[0]?.owed).toEqual([`${STREAM}:1:0`, `${STREAM}:1:1`]);
    expect(host.settlement.checkpoint()).toEqual({ n: 101, holes: [101] });
  });

  it('hands on a row of what is committed, though the state is ahead of it (L9)', async () => {
    const { log, host, handedOn } = setUp();
    void host.execute(RUN, start);
    await settle();
    await settle();
    const ended = host.execute(RUN, (state) => finish(state, undefined));
    const lost = expect(ended).rejects.toMatchObject({ name: 'Silence' });
    const [first] = log.drafts;
    expect(log.drafts).toHaveLength(2);
    // The first is committed, the second never.
    const hold = log as unknown as { open: unknown[] };
    const second = hold.open.splice(1);
    await log.commit();
    expect(first?.version).toBe(1);
    expect(handedOn.map(({ row }) => [row?.status, row?.version])).toEqual([['running', 1]]);
    hold.open.push(...second);
    log.lose();
    await lost;
    expect(handedOn).toHaveLength(1);
  });

  it('stamps an entry with the time it was decided at: the answer says the same when it is asked for again', async () => {
    const { log, host } = setUp();
    let decidedAt = 0;
    const answer = host.execute(RUN, (_state, { at }) => {
      decidedAt = at;
      return start();
    });
    await settle();
    await log.commit();
    await answer;
    expect(log.drafts[0]?.at).toBe(decidedAt);
  });

  it('refuses an entry that is too large, under the lease like every refusal', async () => {
    const { log, lease, host } = setUp();
    log.tooLarge = true;
    expect(await host.execute(RUN, start)).toMatchObject({ refused: 'BODY_TOO_LARGE' });
    lease.valid = false;
    await expect(host.execute(RUN, start)).rejects.toMatchObject({ name: 'Silence' });
    expect(host.settlement.checkpoint()).toEqual({ n: 100, holes: [] });
  });

  it('answers "already so" no earlier than the commit it rests on', async () => {
    const { log, host } = setUp();
    void host.execute(RUN, start);
    await settle();
    await settle();
    const answers: unknown[] = [];
    void host.execute(RUN, () => ({ accepted: [], answer: { so: true } })).then((answer) => answers.push(answer));
    void host
      .execute(RUN, (state) => (state ? { refused: 'RUN_ENDED' as const, message: '' } : start()))
      .then((answer) => answers.push(answer));
    void host.read(RUN, ({ state }) => state?.status).then((answer) => answers.push(answer));
    await settle();
    expect(answers).toEqual([]);
    await log.commit();
    await settle();
    expect(answers).toHaveLength(3);
  });

  it('lets no fault in handing on keep an answer back', async () => {
    const { log, host, faults } = setUp({
      onCommitted: {
        run: () => {
          throw new Error('a fault');
        },
        mailbox: () => undefined,
      },
    });
    const answer = host.execute(RUN, start);
    await settle();
    await settle();
    await log.commit();
    expect(await answer).toEqual({ done: true });
    expect(await host.read(RUN, ({ state }) => state?.status)).toBe('running');
    expect(faults).toHaveLength(1);
  });

  it('survives an accepted event that does not fold: its run is read anew, the checkpoint stays before it', async () => {
    const { log, host } = setUp();
    const nonsense = event('RunCancelled', () => ({}));
    await expect(host.execute(RUN, () => ({ accepted: [nonsense], answer: {} }))).rejects.toThrow(
      'does not begin with',
    );
    await log.commit();
    await expect(host.execute(RUN, start)).rejects.toMatchObject({ name: 'UnreadableStream' });
    const another = host.execute(runKey(runsHere(1)[0] ?? ''), start);
    while (log.drafts.length < 2) await settle();
    await log.commit();
    await another;
    expect(host.settlement.checkpoint()).toEqual({ n: 100, holes: [] });
  });

  it('never has two objects for one stream, however small its memory', async () => {
    const { log, host } = setUp({ maxCachedStreams: 1 });
    const others = runsHere(20);
    const first = host.execute(RUN, start);
    while (log.drafts.length < 1) await settle();
    // The first isn't committed yet while all of these want its place.
    for (const runId of others)
      expect(await host.execute(runKey(runId), (state) => cancel(state, runId))).toHaveProperty('refused');
    const second = host.execute(RUN, (state) => (state ? finish(state, undefined) : start()));
    await Promise.all(others.map((runId) => host.read(runKey(runId), ({ state }) => state)));
    while (log.drafts.length < 2) await settle();
    await log.commit();
    await Promise.all([first, second]);
    expect(log.drafts.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('refuses to fold a stream of another partition', async () => {
    const { host } = setUp();
    const elsewhere = ['a', 'b', 'c'].find((runId) => partitionOf(runStream(runId)) !== PARTITION) ?? '';
    await expect(host.execute(runKey(elsewhere), start)).rejects.toThrow('was asked for in partition');
  });

  it('writes the blobs that are accepted, before they are named (L5)', async () => {
    const { log, host, blobs } = setUp();
    const blob: NewBlob = { sha256: 'f'.repeat(64), bytes: new Uint8Array(1) };
    const named = { blob: blob.sha256, sizeBytes: 300_000 };
    expect(await host.execute(RUN, () => ({ refused: 'RUN_ENDED', message: '' }), [blob])).toMatchObject({});
    expect(blobs).toEqual([]);
    void host.execute(RUN, start);
    await settle();
    await settle();
    const ended = host.execute(
      RUN,
      (state) => {
        expect(log.drafts).toHaveLength(1);
        return finish(state, named);
      },
      [blob],
    );
    await settle();
    await settle();
    expect([blobs, log.drafts.length]).toEqual([[blob.sha256], 2]);
    await log.commit();
    await ended;
  });

  it('finds in the log what was owed before, with its positions, and what this tenure added by itself (E2)', async () => {
    const { log, host } = setUp();
    const stored = { partition: PARTITION, term: 1, sum: 's', stream: STREAM };
    log.stored.push({ ...stored, n: 7, version: 1, at: 5, events: [serializeEvent(started())] });
    const { owed } = await host.owedOf(RUN);
    expect(owed).toEqual([
      { effectId: `${STREAM}:1:0`, n: 7 },
      { effectId: `${STREAM}:1:1`, n: 7 },
    ]);
    const ended = host.execute(RUN, (state) => finish(state, undefined));
    await settle();
    await log.commit();
    await ended;
    expect((await host.owedOf(RUN)).owed.map(({ effectId }) => effectId)).toEqual([`${STREAM}:1:0`]);
  });
});
