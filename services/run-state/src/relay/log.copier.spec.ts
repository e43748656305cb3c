import type { Bus, CopyRunRequest, LogEntry, Message, RunEventData } from '@stepwell/core';
import { message, NobodyAnswered, runStream } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import { runKey } from '../aggregates';
import { BodyMissing } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { serializeEvent, Stream } from '../partition/stream';
import { RefusedForGood } from './for-good';
import { LogCopier } from './log.copier';

const MIB = 1024 * 1024;
const TAKEN_OVER: RunEventData['RunTakenOver'] = {
  successor: 'wfr_new',
  how: 'resume',
  startedAt: 5,
  overrides: {},
  askId: 'ask',
};

describe('the copy of a failed run’s log (protocol.md 12)', () => {
  const BLOB = 'b'.repeat(64);

  /** A run of so many steps of this size, the last of which is a blob. */
  const setUp = (steps: number, bytes: number) => {
    const scenario = new RunScenario('wfr_old');
    scenario.start();
    const record = (stepId: number, body: Uint8Array | { blob: string; sizeBytes: number }): void => {
      scenario.record(stepId);
      const entry = scenario.history.at(-1);
      const [event] = entry?.events ?? [];
      if (!entry || event?.type !== 'StepRecorded') throw new Error('nothing was recorded');
      const [data, bodies] =
        body instanceof Uint8Array
          ? [{ ...event.data, body: { inline: 0, sizeBytes: bytes } }, [body]]
          : [{ ...event.data, body }, []];
      scenario.history[scenario.history.length - 1] = { ...entry, events: [{ ...event, data, bodies }] };
    };
    for (let step = 1; step <= steps; step += 1) record(step, Buffer.alloc(bytes, String(step % 10)));
    record(steps + 1, { blob: BLOB, sizeBytes: 300_000 });
    scenario.finish();
    const stream = new Stream(runKey('wfr_old'));
    for (const { version, at, events } of scenario.history) stream.evolve(version, at, events);

    const parts: Message<CopyRunRequest>[] = [];
    const owner = { failures: 0, refuses: false };
    const put: string[] = [];
    const stored = new Map([[`wfr_old/${BLOB}`, Buffer.from('large')]]);
    const host = {
      tenure: { lost: new AbortController().signal },
      async *entriesOf(): AsyncIterable<LogEntry> {
        for (const { version, at, events } of scenario.history) {
          yield await Promise.resolve({
            partition: 1,
            n: version,
            stream: runStream('wfr_old'),
            version,
            at,
            term: 1,
            events: events.map(serializeEvent),
            sum: '',
          });
        }
      },
    } as unknown as PartitionHost;
    const bus = {
      ask: (_definition: unknown, _address: unknown, request: Message<CopyRunRequest>) => {
        if (parts.length === owner.failures) {
          owner.failures = -1;
          return Promise.reject(new NobodyAnswered('CopyRun', '', 1));
        }
        parts.push(request);
        return Promise.resolve(message(owner.refuses ? { refused: 'INVALID_RUN_ID' } : {}));
      },
    } as unknown as Bus;
    owner.failures = -1;
    const copier = new LogCopier(bus, {
      get: (run, sha256) => Promise.resolve(stored.get(`${run}/${sha256}`)),
      put: (run, sha256) => {
        put.push(`${run}/${sha256}`);
        expect(parts.some(({ head }) => JSON.stringify(head).includes(sha256))).toBe(false);
        return Promise.resolve();
      },
    });
    const copy = async (): Promise<void> => {
      if (!stream.state) throw new Error('not folded');
      await copier.copy(host, stream, stream.state, TAKEN_OVER);
    };
    return { parts, owner, put, stored, copy };
  };
  const typesOf = (parts: readonly Message<CopyRunRequest>[]): string[] =>
    parts.flatMap(({ head }) => head.events.map(({ type }) => type));

  it('goes in parts of at most 1 MiB of bodies, in order, the last of which completes it', async () => {
    const { parts, copy } = setUp(12, 200_000);
    await copy();
    expect(parts.map(({ head }) => head.part)).toEqual([0, 1, 2]);
    for (const { bodies } of parts) {
      expect(bodies.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(MIB);
    }
    expect(typesOf(parts)).toEqual([
      'RunStarted',
      ...Array.from({ length: 13 }, () => 'StepRecorded'),
      'CopyCompleted',
    ]);
    expect(parts[0]?.head).toMatchObject({ runId: 'wfr_new', from: 'wfr_old' });
  });

  it('gives each event its own bodies', async () => {
    const { parts, copy } = setUp(3, 10);
    await copy();
    const [{ head, bodies } = message<CopyRunRequest>({ runId: '', from: '', part: 0, events: [] })] = parts;
    const texts = head.events.map((event) => event.bodies.map((index) => Buffer.from(bodies[index] ?? []).toString()));
    expect(texts.slice(1)).toEqual([['1'.repeat(10)], ['2'.repeat(10)], ['3'.repeat(10)], [], []]);
  });

  it('has the blobs in the new run’s name before they are named (L5)', async () => {
    const { put, stored, copy } = setUp(1, 10);
    await copy();
    expect(put).toEqual([`wfr_new/${BLOB}`]);
    stored.clear();
    await expect(copy()).rejects.toBeInstanceOf(BodyMissing);
  });

  it('is cut into the same parts when it is sent again', async () => {
    const { parts, owner, copy } = setUp(12, 200_000);
    owner.failures = 1;
    await expect(copy()).rejects.toBeInstanceOf(NobodyAnswered);
    await copy();
    expect(parts.map(({ head }) => head.part)).toEqual([0, 0, 1, 2]);
    expect(parts[1]).toEqual(parts[0]);
  });

  it('is given up when the new run’s id is another’s', async () => {
    const { owner, copy } = setUp(1, 10);
    owner.refuses = true;
    await expect(copy()).rejects.toBeInstanceOf(RefusedForGood);
  });
});
