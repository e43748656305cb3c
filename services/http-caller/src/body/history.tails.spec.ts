import type { DeliverItem } from '@stepwell/core';
import fc from 'fast-check';
import type { LogEntry } from '../testing/fake-run-state';
import { KeptHistories, createdAt, historyUpTo, sentEntry } from '../testing/keeping-endpoint';
import type { Tail } from './history.tails';
import { HistoryTails, digestAfter } from './history.tails';

interface Run {
  readonly id: string;
  readonly at: number;
  readonly log: readonly LogEntry[];
}

const runOf = (length: number, id = 'run', at = 1): Run => ({
  id,
  at,
  log: Array.from({ length }, (_, index) => ({
    // As after a restore: the same ids, other bodies.
    messageId: `msg_${index}`,
    callType: 'step',
    body: Buffer.from(index === 0 ? 'same' : `${at}.${index}`),
    isBlob: false,
  })),
});

const item = ({ id, at, log }: Run, to: number, url = 'http://x/'): DeliverItem => ({
  runId: id,
  messageId: `msg_${to}`,
  attempt: 0,
  effectId: 'e',
  partition: 0,
  kind: 'step',
  url,
  method: 'POST',
  headers: [createdAt(at)],
  timeoutMs: 1,
  eventAt: 0,
  ...historyUpTo(log, to, 1).head,
});

const entriesOf = ({ log }: Run, to: number, tail: Tail | undefined): Uint8Array[] =>
  log.slice(tail?.omitted ?? 0, to + 1).map((entry) => Buffer.from(sentEntry(entry)));

const digestOf = (run: Run, count: number): string => entriesOf(run, count - 1, undefined).reduce(digestAfter, '');

describe('HistoryTails', () => {
  let tails: HistoryTails;
  beforeEach(() => (tails = new HistoryTails({ maxBytes: 100_000, digestsPerRun: 100 })));

  /** A delivery that is taken; so many were left out. */
  function delivered(run: Run, to: number, url?: string): number {
    const work = item(run, to, url);
    const tail = tails.of(work);
    if (tail !== undefined) expect(tail.digest).toBe(digestOf(run, tail.omitted));
    tails.taken(work, tail, entriesOf(run, to, tail));
    return tail?.omitted ?? 0;
  }

  function refused(run: Run, to: number): boolean {
    const work = item(run, to);
    const tail = tails.of(work);
    if (tail !== undefined) tails.refused(work, tail);
    tails.taken(work, undefined, entriesOf(run, to, undefined));
    return tail !== undefined;
  }

  it('leaves out what was taken, and never the delivery’s own entry (rule 1)', () => {
    const run = runOf(10);
    expect([0, 1, 2, 5, 5, 9, 3, 0, 8].map((to) => delivered(run, to))).toEqual([0, 1, 2, 3, 5, 6, 3, 0, 8]);
  });

  it('knows nothing of another log or another URL (rule 3)', () => {
    delivered(runOf(5), 3);
    expect(delivered(runOf(5, 'other'), 3)).toBe(0);
    expect(delivered(runOf(5, 'run', 2), 3)).toBe(0);
    expect(delivered(runOf(5, 'run', 2), 4)).toBe(4);
    expect(delivered(runOf(5, 'run', 2), 4, 'http://y/')).toBe(0);
  });

  it('knows nothing of a delivery whose history is left out or that is no step', () => {
    const run = runOf(5);
    delivered(run, 3);
    expect(tails.of({ ...item(run, 3), segments: [] })).toBeUndefined();
    expect(tails.of({ ...item(run, 3), segments: [{ literal: 0 }] })).toBeUndefined();
  });

  it('drops what a whole history contradicts, from where it does', () => {
    const [was, is] = [runOf(9), runOf(9, 'run', 2)];
    delivered(was, 8);
    tails.taken(item(was, 4), undefined, entriesOf(is, 4, undefined));
    expect(tails.of(item(was, 8))).toEqual({ omitted: 5, digest: digestOf(is, 5) });
  });

  it('takes nothing after what was forgotten or contradicted meanwhile', () => {
    const [was, is] = [runOf(9), runOf(9, 'run', 2)];
    delivered(was, 4);
    const tail = tails.of(item(was, 6));
    tails.taken(item(was, 4), undefined, entriesOf(is, 4, undefined));
    tails.taken(item(was, 6), tail, entriesOf(was, 6, tail));
    expect(tails.of(item(was, 8))?.omitted).toBe(5);
    tails.forget('run');
    tails.taken(item(was, 6), tail, entriesOf(was, 6, tail));
    expect(tails.of(item(was, 8))).toBeUndefined();
    expect(tails.sizeBytes).toBe(0);
  });

  it('keeps the newest digests of a long run (rule 4)', () => {
    const run = runOf(400);
    delivered(run, 398);
    expect([399, 350, 200, 399].map((to) => delivered(run, to))).toEqual([399, 350, 0, 399]);
    for (let to = 100; to < 400; to += 1) delivered(run, to);
    expect(tails.sizeBytes).toBeLessThan(200 * 80 + 1_000);
  });

  it('forgets the run not needed for longest, and holds no more than it may (rule 4)', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => runOf(3, id)) as [Run, Run, Run];
    tails = new HistoryTails({ maxBytes: 1_700, digestsPerRun: 100 });
    for (const run of [a, b]) delivered(run, 1);
    expect(delivered(a, 2)).toBe(2);
    delivered(c, 2);
    expect([a, b, c].map((run) => tails.of(item(run, 2))?.omitted)).toEqual([2, undefined, 2]);
    expect(tails.sizeBytes).toBeLessThanOrEqual(1_700);
  });

  it('is sure again after one refusal, and tries more and more rarely after many (rule 5)', () => {
    const run = runOf(3);
    delivered(run, 0);
    expect([refused(run, 1), delivered(run, 2)]).toEqual([true, 2]);
    const tried = Array.from({ length: 3_000 }, () => refused(run, 2));
    const places = tried.flatMap((isTried, place) => (isTried ? [place] : []));
    expect(places.slice(0, 5)).toEqual([0, 1, 4, 11, 26]);
    expect(places.length).toBeLessThan(15);
  });

  it('counts refusals of one moment once', () => {
    const run = runOf(9);
    delivered(run, 5);
    const sent = [6, 7, 8].map((to) => ({ work: item(run, to), tail: tails.of(item(run, to)) as Tail }));
    for (const { work, tail } of sent) tails.refused(work, tail);
    tails.taken(item(run, 8), undefined, entriesOf(run, 8, undefined));
    expect(tails.of(item(run, 8))?.omitted).toBe(8);
  });

  it('never lets an endpoint work with another history than the delivery’s, whoever forgets what and when', () => {
    const act = fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('begin'), who: fc.nat(1), to: fc.nat(9) }) },
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('end'), who: fc.nat(1), to: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart endpoint'), who: fc.nat(1), to: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart caller'), who: fc.nat(1), to: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('another log'), who: fc.nat(1), to: fc.nat(9) }) },
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: 'max' }), (acts) => {
        const newCaller = () => new HistoryTails({ maxBytes: 1_200, digestsPerRun: 3 });
        const callers = [newCaller(), newCaller()];
        const replicas = [new KeptHistories(), new KeptHistories()];
        let run = runOf(10);
        const open: { caller: HistoryTails; run: Run; to: number; tail: Tail | undefined }[] = [];
        for (const { kind, who, to } of acts) {
          if (kind === 'restart endpoint') replicas[who]?.clear();
          if (kind === 'restart caller') callers[who] = newCaller();
          if (kind === 'another log') run = runOf(10, 'run', run.at + 1);
          if (kind === 'begin') {
            const caller = callers[who]!;
            open.push({ caller, run, to, tail: caller.of(item(run, to)) });
          }
          const [delivery] = kind === 'end' ? open.splice(to % (open.length || 1), 1) : [];
          if (delivery === undefined) continue;
          const replica = replicas[who]!;
          const { caller, run: its, tail } = delivery;
          const work = item(its, delivery.to);
          const list = (from: number) =>
            `[${its.log
              .slice(from, delivery.to + 1)
              .map(sentEntry)
              .join()}]`;
          const { omitted, digest } = tail ?? { omitted: 0, digest: '' };
          const body = tail ? `{"omitted":${omitted},"digest":"${digest}","entries":${list(omitted)}}` : list(0);
          let history = replica.history('run', body);
          if (tail !== undefined && history !== undefined) taken += 1;
          if (history === undefined && tail !== undefined) caller.refused(work, tail);
          const isWhole = history === undefined;
          history ??= replica.history('run', list(0));
          caller.taken(work, isWhole ? undefined : tail, entriesOf(its, delivery.to, isWhole ? undefined : tail));
          expect(history).toEqual(its.log.slice(0, delivery.to + 1).map(sentEntry));
          expect(caller.sizeBytes).toBeLessThanOrEqual(1_200);
        }
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
