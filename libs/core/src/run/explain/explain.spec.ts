import { RunScenario } from '../../testing/run-scenario';
import { copiesOf, partsOf, successorOf } from '../../testing/successor-scenario';
import type { RunState } from '../run.state';
import { explain, isUnexplained, suspicionOf } from './explain';
import { reasonText } from './reason.text';
import type { WaitingReason } from './waiting.reason';

/* One example of each reason; that there is exactly one at any moment of any run is in run.properties.spec.ts. */

const FAILED = { status: 500 };
const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };
const CONFIG = {
  retries: 5,
  retryDelay: '60000',
  failureCallback: { url: 'http://app/api', forwards: [], retries: 2 },
};

function started(...[config, more]: Parameters<RunScenario['start']>): RunScenario {
  const run = new RunScenario();
  run.start({ ...CONFIG, ...config }, more);
  return run;
}

const reasonOf = ({ run }: RunScenario): WaitingReason => {
  const reason = explain(run)?.reason;
  if (!reason) throw new Error('it waits for nothing');
  return reason;
};
const textOf = (run: RunScenario): string => reasonText(reasonOf(run));

describe('what a run waits for (E4)', () => {
  it('its endpoint', () => {
    const run = started();
    expect(explain(run.run)).toEqual({
      reason: {
        waitingFor: 'delivery',
        since: 1_000_000,
        effectId: 'run-wfr_1:1:1',
        attempt: 0,
        messageId: 'msg_1',
        url: 'http://app/api',
      },
      others: [],
    });
    expect(textOf(run)).toBe('a delivery to http://app/api is queued since 1970-01-01T00:16:40.000Z');
    const running = { host: 'caller-1', since: 1_012_000, until: 1_900_000 };
    expect(reasonText(reasonOf(run), running)).toBe(
      'a delivery to http://app/api is running since 1970-01-01T00:16:52.000Z at host caller-1, until 1970-01-01T00:31:40.000Z at the latest',
    );
  });

  it('the time it is to start at', () => {
    const run = started({}, { delayMs: 5_000 });
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'delay', since: 1_000_000, until: 1_005_000 });
    expect(textOf(run)).toBe('starts at 1970-01-01T00:16:45.000Z');
  });

  it.each(['SleepFor', 'sleepuntil'])('the end of a sleep (%s)', (stepType) => {
    const run = started();
    run.record(1, { stepType }, { delayMs: 20_000 });
    expect(reasonOf(run)).toMatchObject({
      waitingFor: 'sleep',
      until: 1_020_000,
      step: { id: 1, name: 'step 1', isPlanned: false },
    });
    expect(textOf(run)).toBe('sleeps until 1970-01-01T00:17:00.000Z');
  });

  it('the next attempt, and how many there may be', () => {
    const run = started();
    run.at += 7;
    run.report('msg_1', FAILED);
    expect(reasonOf(run)).toMatchObject({
      waitingFor: 'retry',
      since: 1_000_007,
      until: 1_060_007,
      retry: { number: 1, of: 5 },
    });
    expect(textOf(run)).toBe('retry 1 of 5 at 1970-01-01T00:17:40.007Z, of http://app/api');
    run.at = 1_060_007;
    run.due('msg_1', 1);
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'delivery', since: 1_060_007, retry: { number: 1, of: 5 } });
    expect(textOf(run)).toContain('retry 1 of 5: a delivery to http://app/api is queued since');
  });

  it('the next attempt after an outage of ours, which counts for nothing', () => {
    const run = started();
    run.report('msg_1', { status: 500, body: new TextEncoder().encode('{"error":"down","code":"UNAVAILABLE"}') });
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'retry', isOutage: true, retry: { number: 0, of: 5 } });
    expect(textOf(run)).toContain('tried again after an outage of the server at ');
  });

  it('a start that the library continues is tried anew', () => {
    const run = started({}, { restTrigger: 'ask' });
    run.report('msg_1', FAILED);
    run.continueStart();
    expect(reasonOf(run)).not.toHaveProperty('retry');
  });

  it('a third party, its next attempt, and what its answer leads to', () => {
    const run = started();
    run.call(1, 1, { settings: { retries: 3, retryDelay: '1000' } });
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'call', url: 'http://third.party/', step: { id: 1 } });
    expect(textOf(run)).toContain('waits for a call of http://third.party/, which is queued since ');
    const [call = ''] = run.run.calls.keys();
    run.report(call, FAILED);
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'retry', retry: { number: 1, of: 3 } });
    run.at += 1_000;
    run.due(call, 1);
    run.report(call);
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'delivery', url: 'http://app/api', step: { id: 1 } });
  });

  it('an event, a webhook', () => {
    const run = started();
    run.wait(1, { eventId: 'order-7', timeoutMs: 60_000 });
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'event', eventId: 'order-7', until: 1_060_000 });
    expect(textOf(run)).toBe('waits for event order-7 until 1970-01-01T00:17:40.000Z');
    const hook = started();
    hook.wait(1, { step: { stepType: 'WaitForWebhook' } });
    expect(reasonOf(hook).waitingFor).toBe('webhook');
    expect(textOf(hook)).toContain('waits for a call of webhook event until ');
  });

  it('a child run', () => {
    const run = started();
    run.invoke(1, {}, 'wfr_child');
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'child', since: 1_000_000, runId: 'wfr_child' });
    expect(reasonOf(run)).not.toHaveProperty('until');
    expect(textOf(run)).toBe('waits for child run wfr_child since 1970-01-01T00:16:40.000Z');
  });

  it('its log, while that is copied from the run it resumes', () => {
    const failed = started();
    failed.record(1);
    failed.report(failed.open().at(-1)?.messageId ?? '', FATAL);
    failed.takeOver('resume', { notBeforeMs: 9_000_000 }, { successor: 'wfr_2' });
    const copy = successorOf(failed);
    const [first = [], rest = []] = partsOf(copiesOf(failed), [1]);
    copy.copyPart(0, failed.runId, first);
    expect(explain(copy.run)).toEqual({
      reason: { waitingFor: 'copy', since: 1_000_000, runId: 'wfr_1' },
      others: [],
    });
    expect(textOf(copy)).toContain('its log is being copied from run wfr_1 since ');
    copy.copyPart(1, failed.runId, rest);
    expect(reasonOf(copy)).toMatchObject({ waitingFor: 'delay', until: 9_000_000 });
  });
});

describe('the branches of a plan', () => {
  const parallel = (): RunScenario => {
    const run = started();
    run.planBranches(1, [{ stepType: 'Run' }, { stepType: 'SleepFor', delayMs: 5_000 }, { stepType: 'Wait' }]);
    return run;
  };

  it('each have a reason; the one that is named is farthest off', () => {
    const run = parallel();
    run.wait(3, { step: { concurrent: 3 }, timeoutMs: 90_000 });
    const { reason, others } = explain(run.run) ?? {};
    expect(reason).toMatchObject({ waitingFor: 'event', step: { id: 3 }, group: { size: 3, done: 0 } });
    expect(others).toMatchObject([
      { waitingFor: 'sleep', step: { id: 2, isPlanned: true } },
      { waitingFor: 'delivery', step: { id: 1, isPlanned: true } },
    ]);
    expect(textOf(run)).toBe(
      'a plan of 3 steps has 0 done and waits for step 3 (step 3): waits for event event until 1970-01-01T00:18:10.000Z',
    );
  });

  it('a child comes before any deadline', () => {
    const run = parallel();
    run.wait(3, { step: { concurrent: 3 }, timeoutMs: 90_000_000 });
    run.invoke(1, { step: { concurrent: 3 } });
    expect(reasonOf(run).waitingFor).toBe('child');
  });

  it('count as done, and what leads to nothing more comes last', () => {
    const run = parallel();
    run.record(1, { concurrent: 3 });
    const { reason, others } = explain(run.run) ?? {};
    expect(reason).toMatchObject({ waitingFor: 'sleep', group: { size: 3, done: 1 } });
    expect(others?.at(-1)).toMatchObject({ waitingFor: 'delivery', isAside: true });
  });

  it('are no group any more once all are done', () => {
    const run = started();
    run.plan(1, 2);
    run.record(1, { concurrent: 2 });
    run.record(2, { concurrent: 2 });
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'delivery', step: { id: 2 } });
    expect(reasonOf(run)).not.toHaveProperty('group');
  });
});

describe('a run that has ended', () => {
  it('waits for nothing', () => {
    for (const end of ['finish', 'cancel'] as const) {
      const run = started();
      run.wait(1);
      run[end]();
      expect(explain(run.run)).toBeUndefined();
      expect(isUnexplained(run.run)).toBe(false);
    }
  });

  it('may still owe its failure callback', () => {
    const run = started();
    run.report('msg_1', FATAL);
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'failure-callback' });
    expect(textOf(run)).toContain('its failure callback to http://app/api is queued since ');
    run.report(run.run.failureCallback?.messageId ?? '', FAILED);
    expect(reasonOf(run)).toMatchObject({ waitingFor: 'failure-callback', retry: { number: 1, of: 2 } });
    expect(textOf(run)).toMatch(/^retry 1 of 2: its failure callback to .* is tried again at /);
    run.cancelFailureCallback();
    expect(explain(run.run)).toBeUndefined();
  });
});

describe('what has to be looked into', () => {
  it('is what should be over, and who has been quiet, each by the grace', () => {
    const sleeping = { waitingFor: 'sleep', since: 1, until: 100 } as const;
    expect([110, 111].map((at) => suspicionOf(sleeping, at, 10))).toEqual([undefined, 'overdue']);
    const called = { waitingFor: 'call', since: 50 } as const;
    expect([60, 61].map((at) => suspicionOf(called, at, 10))).toEqual([undefined, 'quiet']);
  });

  it('is a run that owes nothing by which it could go on', () => {
    const run = started();
    expect(isUnexplained(run.run)).toBe(false);
    const state: RunState = { ...run.run, owed: new Map([['run-wfr_1:1:0', { type: 'WriteRow' }]]) };
    expect(explain(state)).toBeUndefined();
    expect(isUnexplained(state)).toBe(true);
  });
});

it('speaks of times that no calendar has', () => {
  expect(reasonText({ waitingFor: 'sleep', since: 1, until: 9e15 })).toBe('sleeps until some time');
});
