import { bodiesOf } from '../../testing/log-bodies';
import { messageIds, RunScenario } from '../../testing/run-scenario';
import type { TriggerConfig } from '../../wire/submission';
import type { RunLog } from './run-log';
import { runLogOf } from './run-log.view';

const utf8 = new TextEncoder();
const FAILED = { status: 500, headers: [['x-a', 'b']] as const, body: utf8.encode('oh') };
const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const, body: utf8.encode('no') };

function started(config: Partial<TriggerConfig> = {}, more: Parameters<RunScenario['start']>[1] = {}): RunScenario {
  const run = new RunScenario();
  run.start(config, more);
  return run;
}

const logOf = (run: RunScenario): RunLog => runLogOf(run.run, bodiesOf(run));

const groupsOf = (run: RunScenario): string[] =>
  logOf(run).steps.map(({ type, steps }) => `${type}: ${steps.map(({ state }) => state.slice(5)).join(' ')}`);

/** Submits a step with fields of its own kind. */
function submit(run: RunScenario, step: Readonly<Record<string, unknown>>, delayMs?: number): string {
  const head = { stepName: 's', stepType: 'Run', concurrent: 1, stepId: 0, ...step };
  const item = {
    ...{ kind: 'step' as const, messageId: `m_${JSON.stringify(step).length}_${run.history.length}` },
    ...{ destination: 'http://app/api', workflowUrl: 'http://app/api', method: 'POST', forwards: [], features: [] },
    ...{ config: { forwards: [], labels: [] }, body: 0, step: head, ...(delayMs === undefined ? {} : { delayMs }) },
  };
  return messageIds(run.submit([item], [utf8.encode(JSON.stringify(head))]))[0] ?? '';
}

describe('a run in the log (11)', () => {
  it('begins with its payload, and shows what is being executed last', () => {
    const run = started({ labels: ['a', 'b'], flowControlKey: 'k', retries: 5 }, { callerIp: '1.2.3.4' });
    expect(logOf(run)).toEqual({
      workflowRunId: 'wfr_1',
      workflowUrl: 'http://app/api',
      workflowState: 'RUN_STARTED',
      workflowRunCreatedAt: 1_000_000,
      label: 'a',
      labels: ['a', 'b'],
      flowControlKey: 'k',
      workflowRunCallerIp: '1.2.3.4',
      steps: [
        {
          type: 'sequential',
          steps: [
            {
              stepName: 'init',
              stepType: 'Initial',
              callType: 'step',
              messageId: 'msg_1',
              out: '{"hello":"world"}',
              concurrent: 1,
              state: 'STEP_SUCCESS',
              createdAt: 1_000_000,
              headers: { 'Upstash-Workflow-Sdk-Version': ['1'] },
            },
          ],
        },
        { type: 'next', steps: [{ messageId: 'msg_1', state: 'STEP_PROGRESS', retries: 5 }] },
      ],
    });
  });

  it('shows sequential steps one by one with their results, and the response at the end', () => {
    const run = started();
    const [first] = messageIds(run.record(1));
    run.record(2);
    run.at += 5;
    run.finish('"fine"');
    const log = logOf(run);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: SUCCESS', 'sequential: SUCCESS']);
    expect(log.steps[1]?.steps[0]).toMatchObject({ stepId: 1, stepName: 'step 1', messageId: first, out: '1' });
    expect(log.steps[1]?.steps[0]).not.toHaveProperty('retries');
    expect(log).toMatchObject({
      workflowState: 'RUN_SUCCESS',
      workflowRunCompletedAt: 1_000_005,
      workflowRunResponse: '"fine"',
    });
  });

  it('shows a sleep by its own step until its time has come', () => {
    const run = started();
    const sleep = submit(run, { stepId: 1, stepType: 'SleepFor', sleepFor: 60 }, 60_000);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: PROGRESS']);
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({ stepType: 'SleepFor', sleepFor: 60 });
    run.at += 60_000;
    run.due(sleep, 0);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: SUCCESS', 'next: PROGRESS']);
  });

  it('shows a delayed start as in progress, and as cancelled when it never came to it', () => {
    const run = started({}, { delayMs: 1_000 });
    expect(groupsOf(run)).toEqual(['sequential: PROGRESS']);
    run.cancel();
    expect(groupsOf(run)).toEqual(['sequential: CANCELED']);
  });

  it('shows failed attempts with what is being executed, and with its step once that is recorded', () => {
    const run = started({ retryDelay: '1000' });
    run.record(1);
    const [, running = ''] = run.run.entries.map((entry) => entry.messageId);
    run.report(running, FAILED);
    const error = {
      error: 'the endpoint answered with status 500',
      status: 500,
      body: 'oh',
      headers: { 'X-A': ['b'] },
      time: run.at,
    };
    expect(logOf(run).steps.at(-1)).toEqual({
      type: 'next',
      steps: [
        {
          messageId: running,
          state: 'STEP_RETRY',
          nextDeliveryTime: run.at + 1_000,
          retries: 3,
          retryDelay: '1000',
          errors: [error],
        },
      ],
    });
    expect(logOf(run).steps[1]?.steps[0]).not.toHaveProperty('errors');
    run.record(2);
    expect(groupsOf(run).at(-1)).toBe('next: PROGRESS');
    expect(logOf(run).steps[1]?.steps[0]).not.toHaveProperty('errors');
    expect(logOf(run).steps[2]?.steps[0]).toMatchObject({ stepId: 2, state: 'STEP_SUCCESS', errors: [error] });
    expect(logOf(run).steps.at(-1)?.steps[0]).not.toHaveProperty('errors');
  });

  it('shows where it failed, with the answer and its code', () => {
    const run = started();
    run.report('msg_1', { headers: [] });
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'next: FAILED']);
    expect(logOf(run)).toMatchObject({ workflowState: 'RUN_FAILED', dlqId: expect.stringMatching(/^dlq_/) as string });
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({
      state: 'STEP_FAILED',
      errors: [
        {
          code: 'NON_WORKFLOW_DESTINATION',
          error: expect.stringContaining('detected a non-workflow destination') as string,
          status: 200,
        },
      ],
    });
  });

  it('shows what was cancelled', () => {
    const executing = started();
    executing.record(1);
    executing.cancel();
    expect(groupsOf(executing)).toEqual(['sequential: SUCCESS', 'sequential: SUCCESS', 'next: CANCELED']);
    const sleeping = started();
    sleeping.record(1, { stepType: 'SleepFor' }, { delayMs: 1_000 });
    sleeping.cancel();
    expect(groupsOf(sleeping)).toEqual(['sequential: SUCCESS', 'sequential: CANCELED']);
    const calling = started();
    calling.call(1);
    calling.cancel();
    expect(groupsOf(calling)).toEqual(['sequential: SUCCESS', 'sequential: CANCELED']);
  });
});

describe('a parallel group in the log', () => {
  it('holds its branches by number: done, under way, retrying, sleeping', () => {
    const run = started();
    run.planBranches(1, [
      { stepType: 'Run' },
      { stepType: 'Run' },
      { stepType: 'Run' },
      { stepType: 'SleepFor', delayMs: 5_000 },
    ]);
    const plans = run.run.entries.slice(1).map((entry) => entry.messageId);
    run.record(3, { concurrent: 4 });
    run.report(plans[1] ?? '', FAILED);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: PROGRESS RETRY SUCCESS PROGRESS']);
    const [, group] = logOf(run).steps;
    expect(group?.steps.map(({ stepId, targetStep }) => [stepId, targetStep])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(group?.steps[1]).toMatchObject({ messageId: plans[1], retries: 3, errors: [{ status: 500 }] });
    expect(group?.steps[1]).not.toHaveProperty('out');
    expect(group?.steps[2]).toMatchObject({ out: '1', callType: 'step' });
  });

  it('shows a planned sleep’s length before it is over', () => {
    const run = started();
    submit(run, { targetStep: 1, stepType: 'SleepUntil', sleepUntil: 12.5, concurrent: 1 }, 5_000);
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({ state: 'STEP_PROGRESS', sleepUntil: 13 });
  });

  it('shows the branch that failed the run, and its siblings as cancelled', () => {
    const run = started();
    const plans = messageIds(run.plan(1, 3));
    run.record(1, { concurrent: 3 });
    run.report(plans[1] ?? '', FATAL);
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: SUCCESS FAILED CANCELED']);
    expect(logOf(run).steps[1]?.steps[1]).toMatchObject({
      errors: [{ status: 489, code: 'NON_RETRYABLE', body: 'no' }],
    });
  });

  it('is followed by what is executed once all are done', () => {
    const run = started();
    run.plan(1, 2);
    run.record(2, { concurrent: 2 });
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: PROGRESS SUCCESS']);
    const [last] = messageIds(run.record(1, { concurrent: 2 }));
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'parallel: SUCCESS SUCCESS', 'next: PROGRESS']);
    expect(logOf(run).steps.at(-1)?.steps[0]?.messageId).toBe(last);
  });
});

describe('a call in the log', () => {
  it('shows the request, then the answer, then the result', () => {
    const run = started();
    const [call = ''] = messageIds(run.call(1, 1, { method: 'PUT', forwards: [['h', '1']] }));
    const request = {
      stepId: 1,
      stepType: 'Call',
      callUrl: 'http://third.party/',
      callMethod: 'PUT',
      callHeaders: { H: ['1'] },
      callBody: 'request body',
    };
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({
      ...request,
      callType: 'toCallback',
      messageId: call,
      state: 'STEP_PROGRESS',
    });
    expect(logOf(run).steps[1]?.steps[0]).not.toHaveProperty('callResponseStatus');

    run.report(call, { status: 201, headers: [['x-a', 'b']], body: utf8.encode('answer') });
    const answered = {
      ...request,
      callResponseStatus: 201,
      callResponseHeaders: { 'X-A': ['b'] },
      callResponseBody: 'answer',
    };
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({
      ...answered,
      callType: 'fromCallback',
      messageId: `${call}_callback`,
      state: 'STEP_PROGRESS',
    });

    const [result] = messageIds(run.record(1, { stepType: 'Call' }));
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({
      ...answered,
      callType: 'step',
      messageId: result,
      state: 'STEP_SUCCESS',
      out: '1',
    });
  });

  it('shows its own failed attempts, and its callback’s', () => {
    const run = started({ retries: 0 });
    const [call = ''] = messageIds(run.call(1, 1, { settings: { retries: 4 } }));
    run.report(call, FAILED);
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({ state: 'STEP_RETRY', retries: 4, errors: [{ status: 500 }] });
    run.at += 12_000;
    run.due(call, 1);
    run.report(call);
    run.report(`${call}_callback`, { status: 502 });
    expect(logOf(run).steps[1]?.steps[0]).toMatchObject({
      state: 'STEP_FAILED',
      callType: 'fromCallback',
      errors: [{ status: 500 }, { status: 502 }],
    });
    expect(groupsOf(run)).toEqual(['sequential: SUCCESS', 'sequential: FAILED']);
  });
});

describe('the failure function in the log', () => {
  const failing = (): { run: RunScenario; callback: string } => {
    const run = started({ failureCallback: { url: 'http://app/fail', forwards: [], retries: 1 } });
    run.report('msg_1', FATAL);
    return { run, callback: run.open()[0]?.messageId ?? '' };
  };
  const functionOf = (run: RunScenario): unknown => (logOf(run) as { failureFunction?: unknown }).failureFunction;

  it('is in progress, with why it was called', () => {
    const { run, callback } = failing();
    expect(functionOf(run)).toEqual({
      messageId: callback,
      url: 'http://app/fail',
      state: 'CALLBACK_INPROGRESS',
      failHeaders: { 'Upstash-Nonretryable-Error': ['true'] },
      failStatus: 489,
      failResponse: 'no',
      dlqId: run.run.failure?.data.dlqId,
      maxRetries: 1,
    });
  });

  it('succeeded or failed, with its own answer and attempts', () => {
    const good = failing();
    good.run.report(good.callback, { headers: [], body: utf8.encode('done') });
    expect(functionOf(good.run)).toMatchObject({
      state: 'CALLBACK_SUCCESS',
      responseStatus: 200,
      responseHeaders: {},
      responseBody: 'done',
    });
    const bad = failing();
    bad.run.report(bad.callback, FAILED);
    bad.run.at += 12_000;
    bad.run.due(bad.callback, 1);
    bad.run.report(bad.callback, { status: 418 });
    expect(functionOf(bad.run)).toMatchObject({
      state: 'CALLBACK_FAIL',
      responseStatus: 418,
      errors: [{ status: 500, body: 'oh' }],
    });
  });

  it('is not shown when the client has none (9.4)', () => {
    const { run, callback } = failing();
    run.report(callback, { headers: [['upstash-workflow-failure-callback-notfound', 'true']] });
    expect(functionOf(run)).toBeUndefined();
  });
});
