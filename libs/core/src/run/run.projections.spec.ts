import { RunScenario } from '../testing/run-scenario';
import { announcementOf, rowOf, workflowName } from './run.projections';

describe('the name of a workflow (8.9)', () => {
  it.each([
    ['https://app.example/api/onboarding', 'onboarding'],
    ['https://app.example/api/onboarding/?a=b/c', 'onboarding'],
    ['https://app.example/api/onboarding#x', 'onboarding'],
    ['http://localhost:3000', 'localhost:3000'],
    ['http://localhost:3000/', 'localhost:3000'],
    ['', 'workflow'],
  ])('of %s is %s', (url, name) => {
    expect(workflowName(url)).toBe(name);
  });
});

describe('a run’s row (L9)', () => {
  it('says what lists are filtered by, as of the state’s version', () => {
    const run = new RunScenario();
    run.start({ labels: ['a'], flowControlKey: 'k' }, { callerIp: '1.2.3.4', workflowUrl: 'http://app/api/x' });
    const row = {
      runId: 'wfr_1',
      partition: 7,
      version: 1,
      status: 'running',
      url: 'http://app/api/x',
      host: 'app',
      path: '/api/x',
      workflow: 'x',
      labels: ['a'],
      callerIp: '1.2.3.4',
      flowControlKey: 'k',
      createdAt: 1_000_000,
    };
    expect(rowOf(run.run, 7)).toEqual({ ...row, waitingFor: 'delivery' });
    run.at += 3;
    run.finish();
    expect(rowOf(run.run, 7)).toEqual({ ...row, version: 2, status: 'succeeded', completedAt: 1_000_003 });
  });
});

describe('what a run waits for, in its row (L9)', () => {
  const waitingFor = ({ run }: RunScenario): unknown => rowOf(run, 7).waitingFor;

  it('is the reason that is named', () => {
    const run = new RunScenario();
    run.start({ failureCallback: { url: 'http://app/f', forwards: [] } });
    expect(waitingFor(run)).toBe('delivery');
    run.wait(1);
    expect(waitingFor(run)).toBe('event');
    run.waitEnded('msg_2', '1');
    run.report('msg_2_result', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    expect(waitingFor(run)).toBe('failure-callback');
    run.cancelFailureCallback();
    expect(rowOf(run.run, 7)).not.toHaveProperty('waitingFor');
  });
});

describe('a failed run’s row (12)', () => {
  const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };
  const letterOf = (run: RunScenario): unknown => rowOf(run.run, 7).deadLetter;
  const failed = (callback = true): RunScenario => {
    const run = new RunScenario();
    run.start(callback ? { failureCallback: { url: 'http://app/f', forwards: [], retries: 0 } } : {});
    run.at += 5;
    run.report('msg_1', FATAL);
    return run;
  };

  it('is found as a dead letter, by the answer that failed it', () => {
    const run = failed(false);
    expect(letterOf(run)).toEqual({ dlqId: run.run.failure?.data.dlqId, failedAt: 1_000_005, responseStatus: 489 });
    const unanswered = new RunScenario();
    unanswered.start({ retries: 0 });
    unanswered.report('msg_1', { error: { code: 'DELIVERY_TIMEOUT', message: 'slow' } });
    expect(letterOf(unanswered)).toMatchObject({ responseStatus: 0 });
  });

  it('is written anew with every state of its failure callback', () => {
    const run = failed();
    const callback = (): string => run.run.failureCallback?.messageId ?? '';
    const steps: [() => unknown, string | undefined][] = [
      [() => undefined, 'in-progress'],
      [() => run.cancelFailureCallback(), 'cancelled'],
      [() => run.requestFailureCallback('a'), 'in-progress'],
      [() => run.report(callback(), { status: 500 }), 'failed'],
      [() => run.requestFailureCallback('b'), 'in-progress'],
      [() => run.report(callback()), 'succeeded'],
    ];
    for (const [happens, failureState] of steps) {
      happens();
      expect(letterOf(run)).toMatchObject({ failureState });
      expect(run.lastChanges.owed.map(({ obligation }) => obligation.type)).toContain('WriteRow');
    }
    const without = failed();
    without.report(without.run.failureCallback?.messageId ?? '', {
      headers: [['upstash-workflow-failure-callback-notfound', 'true']],
    });
    expect(letterOf(without)).not.toHaveProperty('failureState');
  });

  it('is none once the letter is gone, nor of any other end', () => {
    const deleted = failed();
    deleted.deleteDeadLetter();
    const taken = failed();
    taken.takeOver('resume');
    const cancelled = new RunScenario();
    cancelled.start();
    cancelled.cancel();
    for (const run of [deleted, taken, cancelled]) expect(rowOf(run.run, 7)).not.toHaveProperty('deadLetter');
    for (const run of [deleted, taken]) {
      expect(run.lastChanges.owed.map(({ obligation }) => obligation.type)).toContain('WriteRow');
    }
  });
});

describe('the announcement of a run’s end (B2)', () => {
  const started = (): RunScenario => {
    const run = new RunScenario();
    run.start({ labels: ['a'] });
    return run;
  };
  const common = {
    workflowRunId: 'wfr_1',
    workflow: 'api',
    workflowUrl: 'http://app/api',
    createdAt: 1_000_000,
    completedAt: 1_000_000,
    labels: ['a'],
  };

  it('is not made while it runs', () => {
    expect(announcementOf(started().run, undefined)).toBeUndefined();
  });

  it('tells the result and its size', () => {
    const run = started();
    run.finish('"ok"');
    const expected = { id: 'wfr_1:completed', outcome: 'completed', ...common, resultBytes: 4 };
    expect(announcementOf(run.run, '"ok"')).toEqual({ ...expected, result: '"ok"' });
    expect(announcementOf(run.run, undefined)).toEqual(expected);
  });

  it('tells that it was cancelled', () => {
    const run = started();
    run.cancel();
    expect(announcementOf(run.run, undefined)).toEqual({ id: 'wfr_1:cancelled', outcome: 'cancelled', ...common });
  });

  it('tells why it failed, and in which step where the endpoint says so', () => {
    const run = started();
    const headers = [
      ['upstash-nonretryable-error', 'true'],
      ['upstash-error-step-name', 'pay'],
    ] as const;
    run.report('msg_1', { status: 489, headers });
    expect(announcementOf(run.run, undefined)).toEqual({
      id: 'wfr_1:failed',
      outcome: 'failed',
      ...common,
      failure: { status: 489, message: expect.any(String) as string, stepName: 'pay' },
    });
  });
});
