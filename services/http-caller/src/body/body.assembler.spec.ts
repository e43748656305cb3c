import type { BodySegmentReference, DeliverItem, EntryHead, Message } from '@stepwell/core';
import { message } from '@stepwell/core';
import fc from 'fast-check';
import type { LogEntry } from '../testing/fake-run-state';
import { FakeRunState, headOf } from '../testing/fake-run-state';
import { BodyAssembler } from './body.assembler';
import { ByteBudget } from '@stepwell/platform';
import { EntryCache } from './entry.cache';
import { RunGone, RunHistory } from './run.history';

function deliverItem(
  runId: string,
  segments: readonly BodySegmentReference[],
  tail: readonly EntryHead[],
  bodies: readonly Uint8Array[],
): Message<DeliverItem> {
  return message(
    {
      runId,
      messageId: 'msg',
      attempt: 0,
      effectId: 'e',
      partition: 0,
      kind: 'step',
      url: 'http://x/',
      method: 'POST',
      headers: [],
      timeoutMs: 1,
      eventAt: 0,
      segments,
      tail,
    },
    bodies,
  );
}

/** A step delivery of the entries up to `to`, of which the newest `tailLength` come with the item. */
function stepDelivery(runId: string, log: readonly LogEntry[], to: number, tailLength: number): Message<DeliverItem> {
  const bodies: Uint8Array[] = [Buffer.from('['), Buffer.from(']')];
  const from = Math.max(0, to + 1 - tailLength);
  const tail = log.slice(from, to + 1).map((entry, at) => headOf(entry, from + at, bodies));
  return deliverItem(runId, [{ literal: 0 }, { entries: { from: 0, to } }, { literal: 1 }], tail.reverse(), bodies);
}

const naive = (log: readonly LogEntry[]): string =>
  JSON.stringify(
    log.map(({ messageId, callType, body }) => ({ messageId, body: Buffer.from(body).toString('base64'), callType })),
  );

const entry = (at: number, bytes = 20): LogEntry => ({
  messageId: `msg_${at}`,
  callType: 'step',
  body: Buffer.alloc(bytes, at),
  isBlob: false,
});
const logOf = (length: number, bytes?: number): LogEntry[] => Array.from({ length }, (_, at) => entry(at, bytes));

describe('BodyAssembler', () => {
  let runState: FakeRunState;
  let cache: EntryCache;
  let assembler: BodyAssembler;

  const assembled = async (work: Message<DeliverItem>): Promise<string> => {
    const { pieces, sizeBytes, sent } = await assembler.assemble(work);
    sent?.();
    const whole = Buffer.concat(pieces);
    expect(whole.byteLength).toBe(sizeBytes);
    return whole.toString();
  };

  beforeEach(async () => {
    runState = new FakeRunState();
    await runState.start();
    cache = new EntryCache(1_000_000);
    assembler = new BodyAssembler(new RunHistory(runState.bus, cache), new ByteBudget(10_000_000));
  });
  afterEach(() => runState.bus.close());

  it('needs nobody when the tail holds everything', async () => {
    const log = logOf(3);
    expect(await assembled(stepDelivery('run', log, 2, 3))).toBe(naive(log));
    expect(runState.entryAsks).toEqual([]);
  });

  it('asks once for all that is missing, and not again', async () => {
    const log = logOf(10);
    runState.runs.set('run', log);
    expect(await assembled(stepDelivery('run', log, 9, 2))).toBe(naive(log));
    expect(runState.entryAsks).toEqual([{ runId: 'run', from: 0, to: 7 }]);
    const grown = [...log, entry(10)];
    expect(await assembled(stepDelivery('run', grown, 10, 1))).toBe(naive(grown));
    expect(runState.entryAsks).toHaveLength(1);
  });

  it('asks once for a hundred parallel deliveries of one run', async () => {
    const log = logOf(120);
    runState.runs.set('run', log);
    const bodies = await Promise.all(
      Array.from({ length: 100 }, (_, at) => assembled(stepDelivery('run', log, at + 20, 1))),
    );
    bodies.forEach((body, at) => {
      expect(body).toBe(naive(log.slice(0, at + 21)));
    });
    expect(runState.entryAsks.length).toBeLessThan(10);
  });

  it('delivers the slice and nothing after it, though more is known (protocol.md 7.2)', async () => {
    const log = logOf(10);
    await assembled(stepDelivery('run', log, 9, 10));
    expect(await assembled(stepDelivery('run', log, 4, 1))).toBe(naive(log.slice(0, 5)));
    expect(runState.entryAsks).toEqual([]);
  });

  it('reads blobs where they lie', async () => {
    const log = [entry(0), { ...entry(1, 400_000), isBlob: true }, entry(2)];
    runState.runs.set('run', log);
    expect(await assembled(stepDelivery('run', log, 2, 2))).toBe(naive(log));
    expect([runState.bodyAsks, runState.entryAsks.length]).toEqual([1, 1]);
  });

  it('says that a run is gone when its owner refuses', async () => {
    await expect(assembled(stepDelivery('gone', logOf(5), 4, 1))).rejects.toThrow(RunGone);
    const blob = deliverItem('gone', [{ base64Of: { blob: { sha256: 'x', sizeBytes: 3 } } }], [], []);
    await expect(assembled(blob)).rejects.toThrow(RunGone);
  });

  it('fails instead of asking for ever when an answer lacks what was asked for', async () => {
    runState.runs.set('run', logOf(3));
    await expect(assembled(stepDelivery('run', logOf(9), 8, 1))).rejects.toThrow('entry 3 was asked for');
  });

  it('works for a history that is larger than the cache', async () => {
    assembler = new BodyAssembler(new RunHistory(runState.bus, new EntryCache(500)), new ByteBudget(1));
    const log = logOf(50, 100);
    runState.runs.set('run', log);
    for (const to of [49, 49, 30])
      expect(await assembled(stepDelivery('run', log, to, 1))).toBe(naive(log.slice(0, to + 1)));
  });

  it('gives the budget back when assembling fails', async () => {
    const budget = new ByteBudget(300_000);
    assembler = new BodyAssembler(new RunHistory(runState.bus, cache), budget);
    const large = deliverItem('gone', [{ base64Of: { blob: { sha256: 'x', sizeBytes: 200_000 } } }], [], []);
    for (let i = 0; i < 3; i += 1) await expect(assembler.assemble(large)).rejects.toThrow(RunGone);
    await budget.hold(300_000);
  });

  it('assembles any segments to what JSON.stringify would write', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const anyEntry = fc.record({
      messageId: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      callType: fc.constantFrom<EntryHead['callType'][]>('step', 'toCallback', 'fromCallback'),
      body: bytes,
      isBlob: fc.boolean(),
    });
    let runNumber = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyEntry, { minLength: 1, maxLength: 12, selector: ({ messageId }) => messageId }),
        fc.array(fc.record({ to: fc.nat(11), tailLength: fc.nat(12) }), { minLength: 1, maxLength: 6 }),
        bytes,
        async (log, deliveries, payload) => {
          const runId = `run_${(runNumber += 1)}`;
          runState.runs.set(runId, log);
          await Promise.all(
            deliveries.map(async ({ to, tailLength }) => {
              const last = Math.min(to, log.length - 1);
              expect(await assembled(stepDelivery(runId, log, last, tailLength))).toBe(naive(log.slice(0, last + 1)));
            }),
          );
          const callback = deliverItem(
            runId,
            [{ literal: 0 }, { base64Of: { inline: 1 } }, { literal: 2 }],
            [],
            [Buffer.from('{"status":200,"body":"'), payload, Buffer.from('"}')],
          );
          expect(await assembled(callback)).toBe(
            JSON.stringify({ status: 200, body: Buffer.from(payload).toString('base64') }),
          );
        },
      ),
      { numRuns: 80 },
    );
  });
});
