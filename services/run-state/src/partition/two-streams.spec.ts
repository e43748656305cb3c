import type { Decision, MailboxEvent, StoredEvent, WaiterData } from '@stepwell/core';
import { event, mailboxStream, notify, partitionOf, registerWaiter, runStream } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import type { Logger } from 'pino';
import { mailboxKey, runKey } from '../aggregates';
import { HeldLog } from '../testing/held-log';
import type { HostDependencies } from './partition.host';
import { PartitionHost } from './partition.host';
import { serializeEvent } from './stream';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function hostOf(log: HeldLog): { host: PartitionHost; owed: string[]; faults: string[] } {
  const owed: string[] = [];
  const faults: string[] = [];
  const host = new PartitionHost(log, {
    log: log as unknown as HostDependencies['log'],
    blobs: { put: () => Promise.resolve(), get: () => Promise.resolve(undefined) },
    membership: { leaseIsValid: () => true },
    logger: { error: (_details: object, text: string) => faults.push(text) } as unknown as Logger,
    newSeed: () => 'seed',
    onCommitted: {
      run: (_host, committed) => owed.push(...committed.owed),
      mailbox: (_host, committed) => owed.push(...committed.owed),
    },
    maxCachedStreams: 8,
  });
  return { host, owed, faults };
}

/** What became of a promise so far. */
function watched<Answer extends object>(answer: Promise<Answer>): { so: unknown } {
  const seen: { so: unknown } = { so: 'waits' };
  answer.then(
    (given) => (seen.so = given),
    (error: unknown) => (seen.so = (error as Error).name),
  );
  return seen;
}

describe('an answer that two streams have to have (architecture.md section 4, L4)', () => {
  const RUN_ID = 'wfr_1';
  const RUN = runKey(RUN_ID);
  const PARTITION = partitionOf(runStream(RUN_ID));
  const KEY = 'register-waiter:msg_2';
  const TOLD = `${runStream(RUN_ID)}:2:0`;

  const stored = (log: HeldLog, version: number, events: StoredEvent[]): void => {
    log.stored.push({
      partition: PARTITION,
      n: version,
      stream: runStream(RUN_ID),
      version,
      at: 5,
      term: 1,
      events,
      sum: `s${version}`,
    });
  };

  /** A run that was started by a predecessor. */
  const started = (): HeldLog => {
    const scenario = new RunScenario(RUN_ID);
    scenario.start();
    const log = new HeldLog(PARTITION);
    stored(log, 1, (scenario.history[0]?.events ?? []).map(serializeEvent));
    return log;
  };

  const waitRequested = event('WaitRequested', () => ({
    messageId: 'msg_2',
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [],
    features: [],
    step: { stepId: 1, stepName: 'w', stepType: 'Wait', concurrent: 1 },
    stepText: '{}',
    eventId: 'evt',
    timeoutMs: 1_000,
    deadlineAt: 2_000,
  }));
  const request = (): Decision<object> => ({ accepted: [waitRequested], answer: { done: true }, awaits: [KEY] });
  const again = (): Decision<object> => ({ accepted: [], answer: { done: 'already' }, awaits: [KEY] });

  it('leaves after the commit and after the other stream has it; what comes again leaves no earlier', async () => {
    const log = started();
    const { host, owed } = hostOf(log);
    host.settlement.recoveryIsThrough();
    const first = watched(host.execute(RUN, request));
    await settle();
    const twin = watched(host.execute(RUN, again));
    await log.commit();
    await settle();
    expect(owed).toContain(TOLD);
    expect([first.so, twin.so]).toEqual(['waits', 'waits']);
    host.settle(TOLD);
    await settle();
    expect([first.so, twin.so]).toEqual([{ done: true }, { done: 'already' }]);
    const late = watched(host.execute(RUN, again));
    await settle();
    expect(late.so).toEqual({ done: 'already' });
  });

  it('is silence when the tenure ends before that', async () => {
    const log = started();
    const { host } = hostOf(log);
    const first = watched(host.execute(RUN, request));
    await settle();
    await log.commit();
    const twin = watched(host.execute(RUN, again));
    await settle();
    log.lose();
    await settle();
    expect([first.so, twin.so]).toEqual(['Silence', 'Silence']);
  });

  it('rests on what a predecessor settled, once recovery is through', async () => {
    const log = started();
    stored(log, 2, [serializeEvent(waitRequested)]);
    const { host } = hostOf(log);
    const twin = watched(host.execute(RUN, again));
    await settle();
    expect(twin.so).toBe('waits');
    host.settlement.recoveryIsThrough();
    await settle();
    expect(twin.so).toEqual({ done: 'already' });
  });

  it('waits for what a predecessor left open', async () => {
    const log = started();
    stored(log, 2, [serializeEvent(waitRequested)]);
    const { host } = hostOf(log);
    const { owed } = await host.owedOf(RUN);
    expect(owed.map(({ effectId }) => effectId)).toContain(TOLD);
    for (const { effectId, n } of owed) host.settlement.note(effectId, n);
    host.settlement.recoveryIsThrough();
    const twin = watched(host.execute(RUN, again));
    await settle();
    expect(twin.so).toBe('waits');
    host.settle(TOLD);
    await settle();
    expect(twin.so).toEqual({ done: 'already' });
  });
});

describe('a mailbox in the log (L7, L8)', () => {
  const STREAM = mailboxStream('evt');
  const BOX = mailboxKey('evt');
  const PARTITION = partitionOf(STREAM);
  const waiter = (index: number): Omit<WaiterData, 'seq'> => ({
    messageId: `msg_${index}`,
    runId: `wfr_${index}`,
    runCreatedAt: 1,
    url: 'http://app/api',
    workflowUrl: 'http://app/api',
    deadlineAt: 1_000_000,
  });

  /** Registers so many, and commits. */
  const register = async (log: HeldLog, host: PartitionHost, from: number, to: number): Promise<void> => {
    const answers: Promise<unknown>[] = [];
    for (let index = from; index < to; index += 1) {
      answers.push(host.execute(BOX, (state, context) => registerWaiter(state, waiter(index), context)));
    }
    await settle();
    await log.commit();
    await Promise.all(answers);
  };
  /** The same, and all their timers are set. */
  const registerTimed = async (log: HeldLog, host: PartitionHost, count: number): Promise<void> => {
    await register(log, host, 0, count);
    for (const effectId of (await host.stream(BOX)).state?.owed.keys() ?? []) host.settle(effectId);
    host.writeDone();
    await log.commit();
  };
  const typesOf = (events: readonly StoredEvent[]): string[] => events.map(({ type }) => type);
  const waitersOf = async (host: PartitionHost): Promise<string[]> =>
    [...((await host.stream(BOX)).state?.waiters.values() ?? [])].map(({ messageId }) => messageId);

  it('writes what is settled with the next entry, or by itself when none comes', async () => {
    const log = new HeldLog(PARTITION);
    const { host } = hostOf(log);
    await register(log, host, 0, 3);
    host.settle(`${STREAM}:1:0`);
    host.settle(`${STREAM}:2:0`);
    await register(log, host, 3, 4);
    expect(typesOf(log.drafts.at(-1)?.events ?? [])).toEqual(['EffectsSettled', 'WaiterRegistered']);
    expect(JSON.parse(log.drafts.at(-1)?.events[0]?.data ?? '')).toEqual({
      ranges: [
        [1, 0, 0],
        [2, 0, 0],
      ],
    });
    host.settle(`${STREAM}:3:0`);
    host.settle(`${STREAM}:3:0`);
    host.writeDone();
    host.writeDone();
    await log.commit();
    expect(log.drafts.map(({ events }) => typesOf(events))).toHaveLength(5);
    expect((await host.stream(BOX)).state?.owed.size).toBe(1);
  });

  it('finds out, when it is read, what was settled and never written', async () => {
    const log = new HeldLog(PARTITION);
    const first = hostOf(log);
    await register(log, first.host, 0, 2);
    const { host } = hostOf(log);
    const { owed } = await host.owedOf(BOX);
    expect(owed).toHaveLength(2);
    // Evicted nothing, read nothing yet: recovery knows of one that is open.
    const { host: third } = hostOf(log);
    third.settlement.note(`${STREAM}:2:0`, 102);
    third.settlement.recoveryIsThrough();
    await third.stream(BOX);
    third.writeDone();
    await log.commit();
    expect(JSON.parse(log.stored.at(-1)?.events[0]?.data ?? '')).toEqual({ ranges: [[1, 0, 0]] });
  });

  it('is snapshot after so many entries, in entries of their own, and folded from there', async () => {
    const log = new HeldLog(PARTITION);
    const { host } = hostOf(log);
    await registerTimed(log, host, 450);
    const parts = log.stored.filter(({ events }) => events.some(({ type }) => type === 'MailboxSnapshot'));
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.every(({ events }) => events.length === 1)).toBe(true);
    const last = parts.at(-1)?.version ?? 0;
    const read: number[] = [];
    const { host: next } = hostOf(reading(log, read));
    expect(await waitersOf(next)).toEqual(await waitersOf(host));
    expect(Math.min(...read)).toBe(last);
    expect((await next.stream(BOX)).state).toEqual((await host.stream(BOX)).state);
  });

  it('is folded from the set before one that its writer died in', async () => {
    const log = new HeldLog(PARTITION);
    const { host } = hostOf(log);
    await registerTimed(log, host, 450);
    const expected = await waitersOf(host);
    const part = (version: number, at: number, parts: number) => {
      const first = log.stored.findLast(({ events }) => events[0]?.type === 'MailboxSnapshot');
      if (!first) throw new Error('there is no snapshot');
      const data = { ...(JSON.parse(first.events[0]?.data ?? '') as object), part: at, parts };
      const events = [{ type: 'MailboxSnapshot', data: JSON.stringify(data), bodies: [] }];
      log.stored.push({ ...first, n: first.n + 10_000 + version, version, events });
    };
    const next = (log.stored.at(-1)?.version ?? 0) + 1;
    part(next, 0, 3);
    part(next + 1, 1, 3);
    const { host: reader } = hostOf(log);
    expect(await waitersOf(reader)).toEqual(expected);
    const entry = watched(reader.execute(BOX, (state, context) => registerWaiter(state, waiter(9_999), context)));
    await settle();
    await log.commit();
    await settle();
    expect(entry.so).toEqual({});
    const { host: another } = hostOf(log);
    expect(await waitersOf(another)).toEqual([...expected, 'msg_9999']);
  });

  it('still owes after a snapshot what it owed before, under the same names', async () => {
    const log = new HeldLog(PARTITION);
    const { host } = hostOf(log);
    await registerTimed(log, host, 450);
    const notified = watched(
      host.execute(BOX, (state, context): Decision<object, MailboxEvent> =>
        notify(state, { noticeId: 'n1', kind: 'event' }, context),
      ),
    );
    await settle();
    await log.commit();
    await settle();
    expect(notified.so).toBe('waits');
    const { host: next } = hostOf(log);
    const { owed } = await next.owedOf(BOX);
    const before = (await host.stream(BOX)).state?.owed;
    expect(new Set(owed.map(({ effectId }) => effectId))).toEqual(new Set(before?.keys()));
    expect(owed.length).toBeGreaterThanOrEqual(900);
  });
});

/** The same log, noting which versions are read. */
function reading(log: HeldLog, read: number[]): HeldLog {
  const reader = new HeldLog(log.partition);
  reader.stored.push(...log.stored);
  const readStream = reader.readStream.bind(reader);
  reader.readStream = async function* (partition, name, range) {
    for await (const entry of readStream(partition, name, range)) {
      read.push(entry.version);
      yield entry;
    }
  };
  return reader;
}
