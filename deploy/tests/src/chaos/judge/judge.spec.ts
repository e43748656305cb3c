import { Journal } from '../../e2e/journal';
import { interpret } from '../../e2e/programs/interpreter';
import type { Acknowledged } from '../acknowledged';
import { RETRIES } from '../acknowledged';
import { Explainer } from '../explainer';
import type { Disturbance } from '../faults/fault';
import { outlivedRunState } from './calls.judge';
import type { Evidence } from './evidence';
import { judgeRun } from './judge';
import type { RunLog } from './outcome.judge';

/* A judge that finds nothing is believed only if it finds what is there. */

const ending = (workflowState: string, response?: unknown): RunLog =>
  ({
    workflowState,
    ...(response === undefined ? {} : { workflowRunResponse: JSON.stringify(response) }),
  }) as RunLog;

const EXPECTATION = interpret({ stages: [{ kind: 'run', value: 7 }], doomed: false });
const ONBOARDED = 'mail:hello,crm:hello,report:hello';
const run = (kind: Acknowledged['kind'], more: Partial<Acknowledged> = {}): Acknowledged => ({
  runId: 'wfr_1',
  kind,
  road: 'plain',
  startedAt: 0,
  users: Promise.resolve(),
  ...more,
});

const judged = (
  of: Acknowledged,
  log: RunLog,
  prepare: (journal: Journal) => void = () => undefined,
  evidence: Partial<Evidence> = {},
): string[] => {
  const journal = new Journal();
  prepare(journal);
  return judgeRun(of, log, { journal, disturbances: [], gatewayAway: [], lies: [], asked: [], ...evidence });
};

const disturbance = (from: number, to: number, more: Partial<Disturbance> = {}): Disturbance => ({
  name: 'SIGSTOP run-state',
  kind: 'stall',
  hits: ['run-state'],
  from,
  to,
  ...more,
});

/** A delivery that arrives, with the entries of its history by their ids. */
const delivered = (journal: Journal, at: number, messageId: string, retried = 0, history = [messageId]): void => {
  const entries = history.map((each) => ({ messageId: each, callType: 'step', body: '' }));
  journal.seen({ 'upstash-message-id': messageId, 'upstash-retried': String(retried) }, entries);
  journal.arrivals[journal.arrivals.length - 1] = at;
};

it('has nothing to say of what went right', () => {
  expect(judged(run('program', { expectation: EXPECTATION }), ending('RUN_SUCCESS', [7]))).toEqual([]);
  expect(judged(run('onboarding'), ending('RUN_SUCCESS', ONBOARDED))).toEqual([]);
  expect(judged(run('sleeper', { sleepMs: 2_000 }), ending('RUN_SUCCESS', { sleptMs: 2_000 }))).toEqual([]);
  expect(judged(run('cancelled', { cancelledAt: 5 }), ending('RUN_CANCELED'))).toEqual([]);
  expect(judged(run('cancelled', { cancelledAt: 5 }), ending('RUN_SUCCESS', ONBOARDED))).toEqual([]);
  expect(judged(run('caller'), ending('RUN_SUCCESS', [200, 'done']))).toEqual([]);
  const tellings = [{ number: 1, listed: ['wfr_1'] }, { number: 2 }];
  expect(judged(run('waiter', { tellings }), ending('RUN_SUCCESS', [1, 2]))).toEqual([]);
});

it.each<[string, Acknowledged, RunLog]>([
  ['a result that nobody gave', run('program', { expectation: EXPECTATION }), ending('RUN_SUCCESS', [8])],
  ['an end that it should not have', run('program', { expectation: EXPECTATION }), ending('RUN_FAILED')],
  ['a failure of ours', run('onboarding'), ending('RUN_FAILED')],
  ['a sleep that ended early', run('sleeper', { sleepMs: 2_000 }), ending('RUN_SUCCESS', { sleptMs: 1_999 })],
  ['a cancelled run that failed', run('cancelled', { cancelledAt: 5 }), ending('RUN_FAILED')],
  ['the answer of another third party', run('caller'), ending('RUN_SUCCESS', [200, 'gone'])],
])('sees %s', (_what, of, log) => {
  expect(judged(of, log)).toEqual([expect.stringContaining('wfr_1')]);
});

describe('of steps', () => {
  it('sees one that ran again after its result was durable', () => {
    const again = (journal: Journal): void => {
      const entry = { stepId: 1, stepName: 'welcome', out: '"sent"' };
      journal.seen({ 'upstash-message-id': 'm', 'upstash-retried': '0' }, [
        { callType: 'step', body: Buffer.from(JSON.stringify(entry)).toString('base64') },
      ]);
      journal.workOn(() => journal.run('welcome', 'sent'));
    };
    expect(judged(run('onboarding'), ending('RUN_SUCCESS', ONBOARDED), again)).toEqual([
      expect.stringContaining('repeated welcome'),
    ]);
  });
});

describe('of cancelled runs', () => {
  const cancelled = run('cancelled', { cancelledAt: 1_500 });

  it('sees deliveries long after the answer, unless something stood still', () => {
    const late = (journal: Journal): void => {
      delivered(journal, 1_000, 'a');
      delivered(journal, 3_000, 'b');
    };
    expect(judged(cancelled, ending('RUN_CANCELED'), late)).toEqual([expect.stringContaining('1 deliveries')]);
    const disturbances = [disturbance(1_400, 2_500)];
    expect(judged(cancelled, ending('RUN_CANCELED'), late, { disturbances })).toEqual([]);
  });

  it('sees calls long after the answer', () => {
    const late = (journal: Journal): void => {
      journal.thirdPartyArrivals.push(2_501);
    };
    expect(judged(cancelled, ending('RUN_CANCELED'), late)).toEqual([expect.stringContaining('1 deliveries or calls')]);
  });
});

describe('of attempts', () => {
  const of = run('onboarding');
  const end = ending('RUN_SUCCESS', ONBOARDED);
  const long = 10 * 60_000;

  it('sees one beyond the limit', () => {
    const made = (journal: Journal): void => delivered(journal, 0, 'a', RETRIES + 1);
    expect(judged({ ...of, road: 'hindered' }, end, made)).toEqual([
      expect.stringContaining(`${RETRIES + 1} times, of ${RETRIES}`),
    ]);
  });

  it('sees the same one made twice, unless something crashed meanwhile', () => {
    const made = (journal: Journal): void => {
      delivered(journal, long, 'a');
      delivered(journal, long + 5_000, 'a');
    };
    expect(judged(of, end, made)).toEqual([expect.stringContaining('a#0 was made 2 times')]);
    expect(judged(of, end, made, { disturbances: [disturbance(long + 1, long + 1)] })).toEqual([]);
    expect(judged(of, end, made, { disturbances: [disturbance(1, 1)] })).toHaveLength(1);
    const told = { lie: 'does everything twice' as const, runId: 'wfr_1', messageId: 'a', retried: 0 };
    expect(judged(of, end, made, { lies: [told] })).toEqual([]);
  });

  it('sees one that an outage of ours has cost (B4), and counts what the endpoint has cost itself', () => {
    const made = (journal: Journal): void => {
      delivered(journal, long, 'a', 0);
      delivered(journal, long + 5_000, 'a', 1);
    };
    const outage = disturbance(long, long + 2_000, { hits: ['mongod', 'nats', 'run-state'] });
    expect(judged(of, end, made, { disturbances: [outage] })).toEqual([
      expect.stringContaining('a#0 was charged to the user'),
    ]);
    const lied = { lie: 'says 200 and does nothing' as const, runId: 'wfr_1', messageId: 'a', retried: 0 };
    expect(judged({ ...of, road: 'lying' }, end, made, { lies: [lied] })).toEqual([]);
    expect(judged({ ...of, road: 'hindered' }, end, made)).toEqual([]);
    expect(judged({ ...of, failsByItself: true }, end, made)).toEqual([]);
    const silence = disturbance(long, long, { hits: ['gateway'] });
    expect(judged(of, end, made, { disturbances: [silence] })).toEqual([]);
    expect(judged(of, end, made, { gatewayAway: [{ from: long - 9_000, to: long + 1 }] })).toEqual([]);
    expect(judged(of, end, made, { gatewayAway: [{ from: long - 9_000, to: long - 1 }] })).toHaveLength(1);
  });

  it('sees one that was made after its follow-up was in the log, crash or not', () => {
    const made = (journal: Journal): void => {
      delivered(journal, long, 'a');
      delivered(journal, long + 100, 'b', 0, ['a', 'b']);
      delivered(journal, long + 2_000, 'a');
    };
    const crash = disturbance(long + 50, long + 50, { kind: 'kill' });
    expect(judged(of, end, made, { disturbances: [crash] })).toEqual([
      expect.stringContaining('a was made 1900 ms after its follow-up was in the log'),
    ]);
    expect(judged(of, end, made, { disturbances: [disturbance(long + 50, long + 1_500)] })).toEqual([]);
  });
});

describe('of calls to third parties', () => {
  const of = run('caller', { callMs: 3_000 });
  const end = ending('RUN_SUCCESS', [200, 'done']);
  const killed = disturbance(101_000, 101_000, { name: 'SIGKILL run-state', kind: 'kill' });

  it('sees one that was made twice because run-state was away', () => {
    expect(judged(of, end, undefined, { asked: [100_000, 102_000], disturbances: [killed] })).toEqual([
      expect.stringContaining('its call was made 2 times'),
    ]);
    const caller = disturbance(101_500, 101_500, { kind: 'kill', hits: ['http-caller'] });
    expect(judged(of, end, undefined, { asked: [100_000, 102_000], disturbances: [killed, caller] })).toEqual([]);
  });

  it('counts those that outlived run-state', () => {
    const evidence = { journal: new Journal(), lies: [], gatewayAway: [], disturbances: [killed] };
    expect(outlivedRunState(of, { ...evidence, asked: [100_000] })).toBe(true);
    expect(outlivedRunState(of, { ...evidence, asked: [101_001] })).toBe(false);
    expect(outlivedRunState(of, { ...evidence, asked: [] })).toBe(false);
  });
});

describe('of events', () => {
  const tellings = [{ number: 1, listed: ['wfr_1', 'wfr_2'] }, { number: 2 }, { number: 3, listed: ['wfr_2'] }];
  const of = run('waiter', { tellings });

  it.each<[string, RunLog]>([
    ['one that a waiter got twice', ending('RUN_SUCCESS', [1, 1])],
    ['one that nobody told', ending('RUN_SUCCESS', [1, 4])],
    ['one that was said to be told, and was not', ending('RUN_SUCCESS', [2, 3])],
    ['a wait that ran out', ending('RUN_SUCCESS', [1, 'timeout'])],
  ])('sees %s', (_what, log) => {
    expect(judged(of, log)).toEqual([expect.stringContaining('wfr_1')]);
  });
});

describe('of explanations', () => {
  const LIVES = { workflowState: 'RUN_STARTED' };
  const heard = (status: number, body: unknown): Explainer => {
    const explainer = new Explainer({ engineUrl: '', someRun: () => undefined });
    explainer.note('wfr_1', status, JSON.stringify(body));
    return explainer;
  };

  it('sees a live run without a reason, and one that nobody knows', () => {
    expect(heard(200, LIVES).violations).toHaveLength(1);
    expect(heard(200, { ...LIVES, reason: { waitingFor: 'sleep' } }).violations).toHaveLength(1);
    expect(heard(404, { code: 'UNKNOWN_RUN' }).violations).toHaveLength(1);
  });

  it('counts the others', () => {
    const reason = { waitingFor: 'sleep', text: 'sleeps' };
    expect(heard(200, { ...LIVES, reason })).toMatchObject({ violations: [], heard: new Map([['sleep', 1]]) });
    expect(heard(200, { workflowState: 'RUN_SUCCESS' })).toMatchObject({ violations: [] });
    expect(heard(503, { code: 'UNAVAILABLE' })).toMatchObject({ violations: [] });
  });
});
