import { bodiesOf } from '../../testing/log-bodies';
import { messageIds, RunScenario } from '../../testing/run-scenario';
import { resumed } from '../../testing/successor-scenario';
import type { LoggedStep, RunLog } from './run-log';
import { runLogOf } from './run-log.view';

/*
 * Waits and invokes in the log (protocol.md 11): what they are, and every state that they can be in.
 */

const FATAL = {
  status: 489,
  headers: [['upstash-nonretryable-error', 'true']] as const,
  body: new TextEncoder().encode('no'),
};

function started(config: Parameters<RunScenario['start']>[0] = {}): RunScenario {
  const run = new RunScenario();
  run.start(config);
  return run;
}

const logOf = (run: RunScenario): RunLog => runLogOf(run.run, bodiesOf(run));
const groupsOf = (run: RunScenario): string[] =>
  logOf(run).steps.map(({ type, steps }) => `${type}: ${steps.map(({ state }) => state.slice(5)).join(' ')}`);
/** The step of this number, wherever it is shown. */
const stepOf = (run: RunScenario, stepId: number): LoggedStep | undefined =>
  logOf(run)
    .steps.flatMap(({ steps }) => steps)
    .find((step) => step['stepId'] === stepId);

const WAIT = {
  stepId: 1,
  stepName: 'step 1',
  stepType: 'Wait',
  callType: 'step',
  concurrent: 1,
  createdAt: 1_000_000,
  headers: { 'Upstash-Workflow-Sdk-Version': ['1'] },
  waitEventId: 'paid',
  waitTimeoutDuration: '90s',
  waitTimeoutDeadline: 1_090,
};
const waitFor = { eventId: 'paid', timeoutMs: 90_000 };

describe('a wait in the log', () => {
  it('is in progress, and nothing is executed meanwhile', () => {
    const run = started();
    const [wait = ''] = messageIds(run.wait(1, waitFor));
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: PROGRESS']);
    expect(stepOf(run, 1)).toEqual({ ...WAIT, messageId: wait, state: 'STEP_PROGRESS' });
  });

  it('succeeded when an event came, and what it carried is its result', () => {
    const run = started();
    const [wait = ''] = messageIds(run.wait(1, waitFor));
    run.at += 10;
    run.waitEnded(wait, 'x', 'paid');
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: SUCCESS', 'next: PROGRESS']);
    expect(stepOf(run, 1)).toEqual({
      ...WAIT,
      messageId: `${wait}_result`,
      state: 'STEP_SUCCESS',
      createdAt: 1_000_010,
      out: 'eA==',
      waitTimeout: false,
    });
  });

  it('succeeded, too, when none came', () => {
    const run = started();
    const [wait = ''] = messageIds(run.wait(1, waitFor));
    run.waitEnded(wait, null, 'paid');
    expect(stepOf(run, 1)).toEqual({
      ...WAIT,
      messageId: `${wait}_result`,
      state: 'STEP_SUCCESS',
      waitTimeout: true,
    });
  });

  it('was cancelled with its run, or finished without it', () => {
    const cancelled = started();
    const [wait = ''] = messageIds(cancelled.wait(1, waitFor));
    cancelled.cancel();
    expect(groupsOf(cancelled)).toEqual(['sequential: SUCCESS', 'sequential: CANCELED']);
    expect(stepOf(cancelled, 1)).toEqual({ ...WAIT, messageId: wait, state: 'STEP_CANCELED' });
    const finished = started();
    finished.wait(1, waitFor);
    finished.finish();
    expect(groupsOf(finished)).toEqual(['sequential: SUCCESS', 'sequential: CANCELED']);
  });

  it('shows the attempts that it took to ask for it', () => {
    const run = started({ retryDelay: '0' });
    run.report('msg_1', { status: 500 });
    run.due('msg_1', 1);
    run.wait(1, waitFor);
    expect(stepOf(run, 1)).toMatchObject({ state: 'STEP_PROGRESS', retries: 3, errors: [{ status: 500 }] });
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: PROGRESS']);
  });

  it('keeps what the client calls it', () => {
    const run = started();
    run.wait(1, { ...waitFor, step: { stepType: 'WaitForWebhook', stepName: 'hook' } });
    expect(stepOf(run, 1)).toMatchObject({ stepType: 'WaitForWebhook', stepName: 'hook', waitEventId: 'paid' });
  });
});

const INVOKE = {
  stepId: 1,
  stepName: 'step 1',
  stepType: 'Invoke',
  callType: 'step',
  concurrent: 1,
  createdAt: 1_000_000,
  headers: { 'Upstash-Workflow-Sdk-Version': ['1'] },
  invokedWorkflowRunId: 'wfr_kid',
  invokedWorkflowUrl: 'http://app/child',
  invokedWorkflowCreatedAt: 1_000_000,
  invokedWorkflowRunBody: '{"child":true}',
  invokedWorkflowRunHeaders: { 'X-Child': ['1'] },
};

describe('an invoke in the log', () => {
  it('is in progress while the child is', () => {
    const run = started();
    const [invoke = ''] = messageIds(run.invoke(1, {}, 'wfr_kid'));
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: PROGRESS']);
    expect(stepOf(run, 1)).toEqual({ ...INVOKE, messageId: invoke, state: 'STEP_PROGRESS' });
  });

  it('succeeded when the child has ended, however that did', () => {
    for (const outcome of ['succeeded', 'failed', 'cancelled'] as const) {
      const run = started();
      const [invoke = ''] = messageIds(run.invoke(1, {}, 'wfr_kid'));
      run.at += 10;
      run.childEnded(invoke, '1', outcome, 'wfr_kid');
      expect(stepOf(run, 1)).toEqual({
        ...INVOKE,
        messageId: `${invoke}_result`,
        state: 'STEP_SUCCESS',
        createdAt: 1_000_010,
        out: JSON.stringify({
          ...(outcome === 'succeeded' ? { body: '1' } : {}),
          isFailed: outcome === 'failed',
          isCanceled: outcome === 'cancelled',
          workflowRunId: 'wfr_kid',
        }),
      });
    }
  });

  it('was cancelled with its run; the child’s answer is logged when it comes, and nothing goes on from there', () => {
    const run = started();
    const [invoke = ''] = messageIds(run.invoke(1));
    run.cancel();
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: CANCELED']);
    run.childEnded(invoke, '1');
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: SUCCESS']);
  });

  it('tells the child who invoked it', () => {
    const child = new RunScenario();
    const invoker = { runId: 'wfr_p', workflowUrl: 'http://app/p', runCreatedAt: 5, messageId: 'msg_i', startedAt: 7 };
    child.start({}, {}, 'ask', { invoker });
    expect(logOf(child)).toMatchObject({
      workflowRunCreatedAt: 7,
      invoker: { workflowRunId: 'wfr_p', workflowUrl: 'http://app/p', workflowRunCreatedAt: 5 },
    });
    expect(logOf(started())).not.toHaveProperty('invoker');
  });
});

describe('waits and invokes in a group', () => {
  const grouped = (): { run: RunScenario; plans: string[] } => {
    const run = started({ retryDelay: '1000' });
    const plans = messageIds(
      run.planBranches(
        1,
        ['Wait', 'Invoke', 'Wait', 'Invoke', 'Run'].map((stepType) => ({ stepType })),
      ),
    );
    return { run, plans };
  };
  const step = { concurrent: 5 };

  it('are planned, then asked for, then done, each in its place', () => {
    const { run, plans } = grouped();
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: PROGRESS PROGRESS PROGRESS PROGRESS PROGRESS']);
    expect(stepOf(run, 1)).toMatchObject({ messageId: plans[0], targetStep: 1, retries: 3 });
    const [wait = ''] = messageIds(run.wait(1, { ...waitFor, step }));
    const [invoke = ''] = messageIds(run.invoke(2, { step }, 'wfr_kid'));
    expect(stepOf(run, 1)).toEqual({ ...WAIT, messageId: wait, concurrent: 5, targetStep: 1, state: 'STEP_PROGRESS' });
    expect(stepOf(run, 2)).toEqual({
      ...INVOKE,
      ...{ stepId: 2, stepName: 'step 2', targetStep: 2, concurrent: 5, messageId: invoke, state: 'STEP_PROGRESS' },
    });
    run.waitEnded(wait, 'x', 'paid');
    run.childEnded(invoke, '1');
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: SUCCESS SUCCESS PROGRESS PROGRESS PROGRESS']);
    expect(stepOf(run, 1)).toMatchObject({ targetStep: 1, out: 'eA==', waitTimeout: false });
    expect(stepOf(run, 2)).toMatchObject({ targetStep: 2, invokedWorkflowRunId: 'wfr_kid' });
  });

  it('are tried again like any branch before they are asked for, and say so afterwards', () => {
    const { run, plans } = grouped();
    run.report(plans[0] ?? '', { status: 500 });
    expect(stepOf(run, 1)).toMatchObject({ state: 'STEP_RETRY', errors: [{ status: 500 }], retryDelay: '1000' });
    run.wait(1, { ...waitFor, step });
    expect(stepOf(run, 1)).toMatchObject({ state: 'STEP_PROGRESS', errors: [{ status: 500 }] });
  });

  it('were cancelled when a sibling failed, unless their own attempt did', () => {
    const { run, plans } = grouped();
    run.wait(1, { step });
    const [invoke = ''] = messageIds(run.invoke(2, { step }));
    run.report(plans[2] ?? '', FATAL);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: CANCELED CANCELED FAILED CANCELED CANCELED']);
    expect(stepOf(run, 3)).toMatchObject({ messageId: plans[2], errors: [{ status: 489, code: 'NON_RETRYABLE' }] });
    run.childEnded(invoke, '1');
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: CANCELED SUCCESS FAILED CANCELED CANCELED']);
    expect(logOf(run)).toMatchObject({ workflowState: 'RUN_FAILED' });
  });

  it('are as they were in the run that takes over', () => {
    const { run, plans } = grouped();
    const [first = ''] = messageIds(run.wait(1, { ...waitFor, step }));
    run.waitEnded(first, 'x', 'paid');
    run.invoke(2, { step }, 'wfr_kid');
    run.at += 5_000;
    run.report(plans[4] ?? '', FATAL);
    run.takeOver('resume', {}, { successor: 'wfr_2' });
    const copy = resumed(run);
    expect(groupsOf(copy)).toEqual(['sequential: SUCCESS', 'parallel: SUCCESS PROGRESS PROGRESS PROGRESS PROGRESS']);
    expect(stepOf(copy, 1)).toMatchObject({ out: 'eA==', messageId: `${first}_result.wfr_2` });
    // What finds the child in its own log.
    expect(stepOf(copy, 2)).toMatchObject({
      invokedWorkflowRunId: 'wfr_kid',
      invokedWorkflowCreatedAt: 1_000_000,
      invokedWorkflowRunBody: '{"child":true}',
    });
    expect(logOf(copy)).toMatchObject({ workflowState: 'RUN_STARTED', workflowRunCreatedAt: 1_005_000 });
    expect(logOf(copy)).not.toHaveProperty('dlqId');
  });

  it('go through whoever redacts, like everything of the user’s', () => {
    const { run } = grouped();
    const [wait = ''] = messageIds(run.wait(1, { ...waitFor, step }));
    run.invoke(2, { step });
    run.waitEnded(wait, 'secret', 'paid');
    const log = runLogOf(
      run.run,
      bodiesOf(run, () => 'REDACTED'),
    );
    const steps = log.steps.flatMap((group) => group.steps);
    expect(steps[0]).toMatchObject({ out: 'REDACTED' });
    expect(steps[1]).toMatchObject({ out: 'REDACTED', headers: { 'Upstash-Workflow-Sdk-Version': ['REDACTED'] } });
    expect(steps[2]).toMatchObject({
      invokedWorkflowRunBody: 'REDACTED',
      invokedWorkflowRunHeaders: { 'X-Child': ['REDACTED'] },
    });
    expect(JSON.stringify(log)).not.toContain('c2VjcmV0');
  });
});

describe('a failure function that is called again or off', () => {
  const failed = (): { run: RunScenario; callback: string } => {
    const run = started({ failureCallback: { url: 'http://app/fail', forwards: [], retries: 0 } });
    run.report('msg_1', FATAL);
    return { run, callback: run.open()[0]?.messageId ?? '' };
  };
  const functionOf = (run: RunScenario): unknown => (logOf(run) as { failureFunction?: unknown }).failureFunction;

  it('was called off, and answered nothing', () => {
    const { run, callback } = failed();
    run.cancelFailureCallback();
    expect(functionOf(run)).toEqual({
      messageId: callback,
      url: 'http://app/fail',
      state: 'CALLBACK_CANCELED',
      failHeaders: { 'Upstash-Nonretryable-Error': ['true'] },
      failStatus: 489,
      failResponse: 'no',
      dlqId: run.run.failure?.data.dlqId,
      maxRetries: 0,
    });
  });

  it('is shown by its newest message', () => {
    const { run, callback } = failed();
    run.report(callback, { status: 500 });
    run.requestFailureCallback();
    expect(functionOf(run)).toMatchObject({
      messageId: run.run.failureCallback?.messageId,
      state: 'CALLBACK_INPROGRESS',
    });
    expect(functionOf(run)).not.toHaveProperty('errors');
    expect(functionOf(run)).not.toHaveProperty('responseStatus');
  });
});
