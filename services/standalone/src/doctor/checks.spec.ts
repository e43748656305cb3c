import type { MemberReport, StoreInspection } from '@stepwell/event-store';
import { EVENT_SCHEMA_VERSION, STORE_SCHEMA_VERSION } from '@stepwell/event-store';
import type { NatsInspection, StreamReport } from '@stepwell/messaging';
import { brokerFindings } from './broker.checks';
import type { Finding } from './finding';
import { counted, fail, lineOf, ok, some } from './finding';
import { memberFindings, membersOf } from './member.checks';
import { clockFindings, databaseFindings, indexFindings, layoutFindings, partitionFindings } from './server.checks';

/* What each check makes of what it sees; what there is to see is in doctor.int.spec.ts. */

const DATABASE = { version: '7.0.1', replicaSet: 'rs', isPrimary: true, roundTripMs: 1.4, aheadMs: 3 };
const said = (findings: readonly Finding[]) => findings.map(({ status, text }) => [status, text]);
const containing = (text: string): unknown => expect.stringContaining(text);

describe('lines', () => {
  it('say how it is, what was looked at, and what to do', () => {
    expect(lineOf(ok('clock', 'right'))).toBe('ok    clock         right');
    expect(lineOf(fail('rows', 'wrong', 'mend them'))).toBe('fail  rows          wrong. To do: mend them');
  });

  it('count and shorten', () => {
    expect([counted(0, 'run'), counted(1, 'run'), counted(2, 'entry', 'entries')]).toEqual([
      '0 runs',
      '1 run',
      '2 entries',
    ]);
    expect([some(['a', 'b']), some(['a', 'b', 'c'], 2)]).toEqual(['a, b', 'a, b and 1 more']);
  });
});

describe('the database', () => {
  it('has to be a primary of a replica set', () => {
    expect(said(databaseFindings(DATABASE))).toEqual([['ok', 'MongoDB 7.0.1, primary of rs, 1 ms away']]);
    expect(said(databaseFindings({ ...DATABASE, isPrimary: false }))).toEqual([['fail', containing('no primary')]]);
    const { replicaSet: _none, ...single } = DATABASE;
    expect(said(databaseFindings(single))).toEqual([['fail', containing('no replica set')]]);
  });

  it.each([
    [3, 'ok', '3 ms behind'],
    [-999, 'ok', '999 ms ahead of'],
    [1_000, 'warn', '1000 ms behind'],
    [-60_000, 'fail', '60000 ms ahead of'],
  ])('has a clock %i ms ahead: %s', (aheadMs, status, text) => {
    expect(said(clockFindings({ ...DATABASE, aheadMs }))).toEqual([[status, containing(text)]]);
  });

  it('has a layout that this version knows', () => {
    expect(layoutFindings(undefined)[0]?.status).toBe('fail');
    expect(layoutFindings({ epoch: 2, schemaVersion: STORE_SCHEMA_VERSION })[0]).toMatchObject({ status: 'ok' });
    expect(layoutFindings({ epoch: 2, schemaVersion: STORE_SCHEMA_VERSION + 1 })[0]).toMatchObject({ status: 'fail' });
    const layout = { epoch: 2, schemaVersion: STORE_SCHEMA_VERSION };
    expect(layoutFindings({ ...layout, unfinished: 'restore' })[0]).toMatchObject({ status: 'fail' });
  });

  it('has its indexes, or they are made when that is wanted', async () => {
    let missing = [{ collection: 'run_rows', fields: 'a,b' }];
    const store = {
      missingIndexes: () => Promise.resolve(missing),
      mendIndexes: () => Promise.resolve((missing = [])),
    } as unknown as StoreInspection;
    expect(said(await indexFindings(store, false))).toEqual([['fail', '1 index missing: run_rows (a,b)']]);
    expect(await indexFindings(store, true)).toMatchObject([{ status: 'ok', mended: true }]);
    expect(said(await indexFindings(store, true))).toEqual([['ok', 'all there']]);
    const stubborn = {
      missingIndexes: () => Promise.resolve([{ collection: 'log', fields: 'p' }]),
      mendIndexes: () => Promise.resolve(),
    };
    expect(await indexFindings(stubborn as unknown as StoreInspection, true)).toMatchObject([{ status: 'fail' }]);
  });

  it('has checkpoints that follow the entries', async () => {
    const report = { partition: 3, tail: 10, checkpoint: 8, holes: 1, eventSchema: EVENT_SCHEMA_VERSION };
    const findings = async (more: Partial<typeof report>) =>
      said(
        await partitionFindings({
          partitions: () => Promise.resolve([report, { ...report, ...more }]),
        } as unknown as StoreInspection),
      );
    expect(await findings({})).toEqual([['ok', 'at most 2 entries behind, 2 positions unsettled']]);
    expect(await findings({ partition: 9, tail: 5_000 })).toEqual([['warn', containing('partitions 9 by 4992')]]);
    expect(await findings({ eventSchema: EVENT_SCHEMA_VERSION + 1 })).toEqual([['fail', containing('newer version')]]);
  });
});

describe('members', () => {
  const all = Array.from({ length: 64 }, (_, partition) => partition);
  const member = (
    memberId: string,
    pulse: number,
    holds: readonly number[] = all,
    role = 'run-state',
  ): MemberReport => ({
    ...{ role, memberId, holds, pulse: String(pulse) },
  });
  const findings = (before: readonly MemberReport[], after: readonly MemberReport[]) =>
    said(memberFindings(membersOf(before, after)));
  const SCHEDULER = [member('s', 1, [], 'scheduler'), member('s', 2, [], 'scheduler')] as const;

  it('live when they renew, and hold every partition once', () => {
    expect(findings([member('a', 1), SCHEDULER[0]], [member('a', 2), SCHEDULER[1]])).toEqual([
      ['ok', '1 run-state (a), every partition held'],
      ['ok', '1 scheduler (s)'],
    ]);
  });

  it('are missed', () => {
    expect(findings([], [])).toEqual([
      ['warn', 'no run-state is running'],
      ['warn', 'no scheduler is running'],
    ]);
  });

  it('are silent when they don’t renew, and what they hold is nobody’s', () => {
    const halves = [all.slice(0, 32), all.slice(32)] as const;
    expect(
      findings(
        [member('a', 1, halves[0]), member('b', 7, halves[1]), SCHEDULER[0]],
        [member('a', 2, halves[0]), member('b', 7, halves[1]), SCHEDULER[1]],
      ),
    ).toEqual([
      ['warn', '1 run-state (a), 32 partitions held by nobody'],
      ['ok', '1 scheduler (s)'],
      ['warn', 'silent: run-state/b'],
    ]);
  });

  it('must not share a partition', () => {
    expect(findings([], [member('a', 1), member('b', 1, [5]), SCHEDULER[1]])[0]).toEqual([
      'fail',
      '1 partition of run-state held by two: 5',
    ]);
  });
});

describe('the broker', () => {
  const WORK: StreamReport = {
    ...{ name: 'STEPWELL_WORK_DELIVER_E1', state: 'there', hasConsumer: true, messages: 2, bytes: 10 },
    ...{ maxBytes: 1_000, maxMessages: 100, isSmall: false },
  };
  const brokerWith = (
    streams: readonly StreamReport[],
    { hasJetStream = true, stray = [] as string[], afterMend = streams } = {},
  ): NatsInspection => {
    let now = streams;
    return {
      server: () => ({ version: '2.10.0', hasJetStream }),
      streams: () => Promise.resolve(now),
      strayStreams: () => Promise.resolve(stray),
      mendStreams: () => Promise.resolve((now = afterMend)),
    } as unknown as NatsInspection;
  };

  it('needs JetStream', async () => {
    expect(said(await brokerFindings(brokerWith([], { hasJetStream: false }), false))).toEqual([
      ['fail', containing('no JetStream')],
    ]);
  });

  it.each<[string, Partial<StreamReport>, string, string]>([
    ['as planned', {}, 'ok', '1 as planned, 2 items queued or under way'],
    ['nearly full of items', { messages: 81 }, 'warn', 'nearly full: STEPWELL_WORK_DELIVER_E1 (81 items)'],
    ['nearly full of bytes', { bytes: 801 }, 'warn', 'nearly full'],
    ['small', { isSmall: true }, 'warn', 'smaller than planned'],
    ['missing', { state: 'missing' }, 'fail', 'STEPWELL_WORK_DELIVER_E1 is missing'],
    ['another', { state: 'different' }, 'fail', 'is different'],
    ['without a consumer', { hasConsumer: false }, 'fail', 'has no consumer'],
  ])('has streams: %s', async (_name, more, status, text) => {
    const [, streams] = said(await brokerFindings(brokerWith([{ ...WORK, ...more }]), false));
    expect(streams).toEqual([status, containing(text)]);
  });

  it('may have the public stream alone, as for one process, and then makes no other', async () => {
    const streams = [
      { ...WORK, state: 'missing' as const },
      { ...WORK, name: 'STEPWELL_RUNS' },
    ];
    const findings = await brokerFindings(brokerWith(streams, { afterMend: [] }), true);
    expect(said(findings)[1]).toEqual(['ok', containing('as for one process')]);
    expect(said(await brokerFindings(brokerWith(streams.slice(0, 1)), false))[1]?.[0]).toBe('fail');
  });

  it('lets the public stream be full: it drops its oldest', async () => {
    const broker = brokerWith([{ ...WORK, name: 'STEPWELL_RUNS', messages: 100 }]);
    expect(said(await brokerFindings(broker, false))[1]?.[0]).toBe('ok');
  });

  it('has them made as planned when that is wanted, and says if that did not help', async () => {
    const missing = [{ ...WORK, state: 'missing' as const }];
    expect((await brokerFindings(brokerWith(missing, { afterMend: [WORK] }), true))[1]).toMatchObject({
      status: 'ok',
      mended: true,
    });
    expect((await brokerFindings(brokerWith(missing), true))[1]).toMatchObject({ status: 'fail' });
  });

  it('tells of streams of another epoch', async () => {
    const findings = await brokerFindings(brokerWith([WORK], { stray: ['STEPWELL_WORK_DELIVER_E2'] }), false);
    expect(said(findings)[2]).toEqual(['warn', containing('STEPWELL_WORK_DELIVER_E2')]);
  });
});
