import { Journal } from '../e2e/journal';
import { interpret } from '../e2e/programs/interpreter';
import { judgeRun } from './judge';
import type { Acknowledged } from './workload';

/* A judge that finds nothing is believed only if it finds what is there. */

type Ending = Parameters<typeof judgeRun>[1];
const ending = (workflowState: string, response?: unknown): Ending =>
  ({
    workflowState,
    ...(response === undefined ? {} : { workflowRunResponse: JSON.stringify(response) }),
  }) as Ending;

const EXPECTATION = interpret({ stages: [{ kind: 'run', value: 7 }], doomed: false });
const run = (kind: Acknowledged['kind'], more: Partial<Acknowledged> = {}): Acknowledged => ({
  runId: 'wfr_1',
  kind,
  startedAt: 0,
  users: Promise.resolve(),
  ...more,
});

const judged = (
  of: Acknowledged,
  log: Ending,
  prepare: (journal: Journal) => void = () => undefined,
  disturbances: Parameters<typeof judgeRun>[3] = [],
): string[] => {
  const journal = new Journal();
  prepare(journal);
  return judgeRun(of, log, { journal: () => journal }, disturbances);
};

const ONBOARDED = 'mail:hello,crm:hello,report:hello';

it('has nothing to say of what went right', () => {
  expect(judged(run('program', { expectation: EXPECTATION }), ending('RUN_SUCCESS', [7]))).toEqual([]);
  expect(judged(run('onboarding'), ending('RUN_SUCCESS', ONBOARDED))).toEqual([]);
  expect(judged(run('sleeper', { sleepMs: 2_000 }), ending('RUN_SUCCESS', { sleptMs: 2_000 }))).toEqual([]);
  expect(judged(run('cancelled', { cancelledAt: 5 }), ending('RUN_CANCELED'))).toEqual([]);
  expect(judged(run('cancelled', { cancelledAt: 5 }), ending('RUN_SUCCESS', ONBOARDED))).toEqual([]);
});

it.each<[string, Acknowledged, Ending]>([
  ['a result that nobody gave', run('program', { expectation: EXPECTATION }), ending('RUN_SUCCESS', [8])],
  ['an end that it should not have', run('program', { expectation: EXPECTATION }), ending('RUN_FAILED')],
  ['a failure of ours', run('onboarding'), ending('RUN_FAILED')],
  ['a sleep that ended early', run('sleeper', { sleepMs: 2_000 }), ending('RUN_SUCCESS', { sleptMs: 1_999 })],
  ['a cancelled run that failed', run('cancelled', { cancelledAt: 5 }), ending('RUN_FAILED')],
])('sees %s', (_what, of, log) => {
  expect(judged(of, log)).toEqual([expect.stringContaining('wfr_1')]);
});

it('sees a step that ran again after its result was durable', () => {
  const again = (journal: Journal): void => {
    const entry = { stepId: 1, stepName: 'welcome', out: '"sent"' };
    journal.seen({}, [{ callType: 'step', body: Buffer.from(JSON.stringify(entry)).toString('base64') }]);
    journal.workOn(() => journal.run('welcome', 'sent'));
  };
  expect(judged(run('onboarding'), ending('RUN_SUCCESS', ONBOARDED), again)).toEqual([
    expect.stringContaining('repeated welcome'),
  ]);
});

it('sees deliveries long after a cancel, unless something stood still', () => {
  const late = (journal: Journal): void => {
    journal.arrivals.push(1_000, 3_000);
  };
  const cancelled = run('cancelled', { cancelledAt: 1_500 });
  expect(judged(cancelled, ending('RUN_CANCELED'), late)).toEqual([expect.stringContaining('1 deliveries')]);
  expect(judged(cancelled, ending('RUN_CANCELED'), late, [{ from: 1_400, to: 2_500 }])).toEqual([]);
});
