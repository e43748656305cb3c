import { setMaxListeners } from 'node:events';
import type { Bus, MailboxEvent, RunTell, StoredBody, TellRunsAnswer, WaiterData } from '@stepwell/core';
import { mailboxEvent, mailboxStream, message, NobodyAnswered, partitionOf, runStream } from '@stepwell/core';
import type { Logger } from 'pino';
import type { Kind, StreamKey } from '../aggregates';
import { mailboxKey } from '../aggregates';
import type { BodyReader } from '../bodies/body.reader';
import { BodyMissing } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { Stream } from '../partition/stream';
import { TellComposer } from './tell.composer';
import { TellDesk } from './tell.desk';
import { run } from './tells';

const turn = async (): Promise<void> => {
  for (let times = 0; times < 3; times += 1) await new Promise((resolve) => setImmediate(resolve));
};

interface Asked {
  readonly name: string;
  readonly partition: number;
  readonly tells: readonly RunTell[];
  readonly bodies: readonly string[];
  answer(results?: TellRunsAnswer['results']): Promise<void>;
  fail(): Promise<void>;
}

/** Runs that live in one partition, and in another. */
function runsOf(partition: number, count: number): string[] {
  const found: string[] = [];
  for (let index = 0; found.length < count; index += 1) {
    if (partitionOf(runStream(`wfr_${index}`)) === partition) found.push(`wfr_${index}`);
  }
  return found;
}

describe('the desk of tells (B1, E1, architecture.md section 4)', () => {
  const HERE = partitionOf(mailboxStream('evt'));
  const THERE = (HERE + 1) % 64;
  const ELSEWHERE = (HERE + 2) % 64;

  /** A mailbox whose notices of these bodies went to these runs. */
  const setUp = (notices: readonly { readonly runs: readonly string[]; readonly body?: StoredBody }[]) => {
    const stream = new Stream(mailboxKey('evt'));
    let seq = 0;
    const owed: { effectId: string; runId: string }[] = [];
    const apply = (events: MailboxEvent[]) => stream.evolve(stream.version + 1, 1_000, events).owed;
    for (const { runs, body } of notices) {
      for (const runId of runs) {
        seq += 1;
        const waiter: WaiterData = {
          seq,
          messageId: `msg_${seq}`,
          runId,
          runCreatedAt: 1,
          url: 'http://app/api',
          workflowUrl: 'http://app/api',
          deadlineAt: 5_000,
        };
        apply([mailboxEvent('WaiterRegistered', () => waiter)]);
      }
      const noticed = mailboxEvent('WaitersNotified', () => ({
        noticeId: `n${seq}`,
        upToSeq: seq,
        ...(body ? { body } : {}),
      }));
      for (const { effectId, obligation } of apply([noticed])) {
        if (obligation.type === 'TellRun') owed.push({ effectId, runId: obligation.waiter.runId });
      }
    }

    const asked: Asked[] = [];
    const bus = {
      ask: ({ name }: { name: string }, { partition }: { partition: number }, request: object, options: object) =>
        new Promise((resolve, reject) => {
          const { head, bodies } = request as { head: { tells: RunTell[] }; bodies: Uint8Array[] };
          const { signal } = options as { signal: AbortSignal };
          const giveUp = (): void => {
            reject(new NobodyAnswered(name, '', 1));
          };
          signal.addEventListener('abort', giveUp);
          asked.push({
            name,
            partition,
            tells: head.tells,
            bodies: bodies.map((body) => Buffer.from(body).toString()),
            answer: (results = head.tells.map(() => ({ done: true }))) => {
              resolve(message({ results }));
              return turn();
            },
            fail: () => {
              giveUp();
              return turn();
            },
          });
        }),
    } as unknown as Bus;
    const read: number[] = [];
    const bodies = {
      bytes: (_tenure: unknown, _stream: unknown, { version, body }: { version: number; body: StoredBody }) => {
        read.push(version);
        if ('blob' in body) return Promise.reject(new BodyMissing('it'));
        return Promise.resolve(Buffer.from(`body ${version}`));
      },
    } as unknown as BodyReader;
    const settled: string[] = [];
    const lost = new AbortController();
    setMaxListeners(0, lost.signal);
    const host = {
      tenure: { partition: HERE, lost: lost.signal },
      stream: (_key: StreamKey<Kind>) => Promise.resolve(stream),
      settle: (effectId: string) => settled.push(effectId),
    } as unknown as PartitionHost;
    const said: string[] = [];
    const logger = {
      warn: (_details: object, text: string) => said.push(text),
      error: (_details: object, text: string) => said.push(text),
    } as unknown as Logger;
    const pauses: number[] = [];
    const desk = new TellDesk(bus, new TellComposer(bodies, logger), logger, async (ms) => {
      pauses.push(ms);
      await turn();
    });
    const tell = ({ effectId, runId }: { effectId: string; runId: string }): void => {
      desk.tell(host, run(runId), { key: mailboxKey('evt'), effectId });
    };
    return { stream, owed, asked, read, settled, lost, said, pauses, tell };
  };
  const runsIn = (tells: readonly RunTell[]): string[] => tells.map(({ runId }) => runId);

  it('tells in one ask all of one partition that one turn owes, with the body once, and settles what is answered', async () => {
    const runs = [...runsOf(THERE, 3), ...runsOf(ELSEWHERE, 1)];
    const { owed, asked, read, settled, tell } = setUp([{ runs, body: { inline: 0, sizeBytes: 6 } }]);
    owed.forEach(tell);
    await turn();
    expect(asked.map(({ name, tells }) => [name, tells.length]).sort()).toEqual([
      ['TellRuns', 1],
      ['TellRuns', 3],
    ]);
    const three = asked.find(({ partition }) => partition === THERE);
    expect(three).toMatchObject({
      tells: [{ kind: 'wait-ended', outcome: { body: 0 } }, { outcome: { body: 0 } }, { outcome: { body: 0 } }],
      bodies: ['body 5'],
    });
    expect(read).toHaveLength(2);
    expect(settled).toEqual([]);
    await three?.answer();
    expect(settled).toEqual(owed.slice(0, 3).map(({ effectId }) => effectId));
  });

  it('lets what comes meanwhile ride with the next, and begins with few', async () => {
    const { owed, asked, tell } = setUp([{ runs: runsOf(THERE, 200) }]);
    owed.slice(0, 180).forEach(tell);
    await turn();
    owed.slice(180).forEach(tell);
    await turn();
    expect(asked).toHaveLength(1);
    await asked[0]?.answer();
    await asked[1]?.answer();
    await asked[2]?.answer();
    expect(asked.map(({ tells }) => tells.length)).toEqual([32, 64, 104]);
  });

  it('has a few large asks under way, and small ones beside them', async () => {
    const partitions = Array.from({ length: 7 }, (_, index) => (HERE + index) % 64);
    const runs = partitions.flatMap((partition) => runsOf(partition, 200));
    const { owed, asked, tell } = setUp([{ runs: [...runs, ...runsOf((HERE + 9) % 64, 1)] }]);
    owed.slice(0, -1).forEach(tell);
    await turn();
    await Promise.all(asked.map((each) => each.answer()));
    expect(asked.slice(7).map(({ tells }) => tells.length)).toEqual([64, 64, 64, 64]);
    owed.slice(-1).forEach(tell);
    await turn();
    expect(asked.at(-1)?.partition).toBe((HERE + 9) % 64);
    await asked[7]?.answer();
    expect(asked).toHaveLength(13);
  });

  it('sends a large body alone, and not with many tells', async () => {
    const large = { inline: 0, sizeBytes: 3 * 1024 * 1024 };
    const { owed, asked, tell } = setUp([
      { runs: runsOf(THERE, 8), body: { inline: 0, sizeBytes: 10 } },
      { runs: runsOf(THERE, 8), body: large },
    ]);
    owed.forEach(tell);
    await turn();
    for (let index = 0; index < 3; index += 1) await asked[index]?.answer();
    expect(asked.map(({ tells, bodies }) => [tells.length, bodies.length])).toEqual([
      [8, 1],
      [5, 1],
      [3, 1],
    ]);
  });

  it('asks again, more and more slowly, and with few, until it is answered', async () => {
    const { owed, asked, settled, pauses, said, tell } = setUp([{ runs: runsOf(THERE, 80) }]);
    owed.forEach(tell);
    await turn();
    await asked[0]?.answer();
    await asked[1]?.fail();
    await turn();
    await asked[2]?.fail();
    await turn();
    expect(pauses).toEqual([50, 100]);
    expect(asked.map(({ tells }) => tells.length)).toEqual([32, 48, 32, 32]);
    expect(said).toHaveLength(2);
    await asked[3]?.answer();
    await asked[4]?.answer();
    expect(settled).toHaveLength(80);
  });

  it('tells nothing that is owed no longer', async () => {
    const { stream, owed, asked, tell } = setUp([{ runs: runsOf(THERE, 2) }]);
    stream.state?.owed.delete(owed[0]?.effectId ?? '');
    owed.forEach(tell);
    await turn();
    expect(runsIn(asked[0]?.tells ?? [])).toEqual([owed[1]?.runId]);
  });

  it('leaves aside what can not be said for good, and tells the rest', async () => {
    const { owed, asked, settled, said, tell } = setUp([
      { runs: runsOf(THERE, 1), body: { blob: 'gone', sizeBytes: 300_000 } },
      { runs: runsOf(THERE, 1) },
    ]);
    owed.forEach(tell);
    await turn();
    await asked[0]?.answer();
    expect([settled, said]).toEqual([[owed[1]?.effectId], ['a stream can not be told']]);
    expect(asked).toHaveLength(1);
  });

  it('tells the run that has taken over instead, when that is made', async () => {
    const [successor = ''] = runsOf(ELSEWHERE, 1);
    const { owed, asked, settled, pauses, tell } = setUp([{ runs: runsOf(THERE, 1) }]);
    owed.forEach(tell);
    await turn();
    await asked[0]?.answer([{ movedTo: successor }]);
    expect(asked[1]?.partition).toBe(ELSEWHERE);
    await asked[1]?.answer([{ notYet: true }]);
    await turn();
    expect([settled, pauses]).toEqual([[], [500]]);
    await asked[2]?.answer();
    expect(settled).toEqual([owed[0]?.effectId]);
  });

  it('ends with the tenure', async () => {
    const { owed, asked, settled, lost, said, tell } = setUp([{ runs: runsOf(THERE, 1) }]);
    owed.forEach(tell);
    await turn();
    lost.abort();
    await turn();
    owed.forEach(tell);
    await turn();
    expect([asked.length, settled, said]).toEqual([1, [], []]);
  });

  it.each([0, 1, 2, 3, 4, 5])('loses no tell that comes %d steps after the last ask ended', async (steps) => {
    const { owed, asked, settled, tell } = setUp([{ runs: runsOf(THERE, 2) }]);
    owed.slice(0, 1).forEach(tell);
    await turn();
    void asked[0]?.answer();
    while (settled.length === 0) await Promise.resolve();
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    owed.slice(1).forEach(tell);
    await turn();
    await asked[1]?.answer();
    expect(settled).toEqual(owed.map(({ effectId }) => effectId));
  });
});
