import { bodiesOf } from '../../testing/log-bodies';
import { messageIds, RunScenario } from '../../testing/run-scenario';
import type { TriggerConfig } from '../../wire/submission';
import { deadLetterOf, messageOf, shownPlaces } from './message.view';

const utf8 = new TextEncoder();
const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const, body: utf8.encode('no') };
const FAILURE_CALLBACK = { url: 'http://app/fail', forwards: [['x-fail', '1']] as const, retries: 1 };

function started(config: Partial<TriggerConfig> = {}, more: Parameters<RunScenario['start']>[1] = {}): RunScenario {
  const run = new RunScenario();
  run.start(config, more);
  return run;
}

const shown = (run: RunScenario, messageId: string): unknown => messageOf(run.run, messageId, bodiesOf(run));
const letterOf = (run: RunScenario): unknown => deadLetterOf(run.run, bodiesOf(run));

const OF_RUN = { workflowRunId: 'wfr_1', workflowCreatedAt: 1_000_000, workflowUrl: 'http://app/api' };
const FORWARDS = { 'Upstash-Workflow-Sdk-Version': ['1'] };

describe('a pending message (13.2)', () => {
  it('is a delivery of the log, with what the run is delivered with', () => {
    const run = started(
      {
        labels: ['a', 'b'],
        retries: 5,
        retryDelay: 'pow(2, retried)',
        flowControlKey: 'k',
        flowControlValue: 'parallelism=3, rate=5, period=1m',
        failureCallback: FAILURE_CALLBACK,
      },
      { callerIp: '1.2.3.4', notBeforeMs: 1_005_000 },
    );
    expect(shown(run, 'msg_1')).toEqual({
      messageId: 'msg_1',
      url: 'http://app/api',
      method: 'POST',
      header: FORWARDS,
      body: '{"hello":"world"}',
      notBefore: 1_005_000,
      createdAt: 1_000_000,
      failureCallback: 'http://app/fail',
      maxRetries: 5,
      retryDelayExpression: 'pow(2, retried)',
      flowControlKey: 'k',
      parallelism: 3,
      rate: 5,
      period: 60,
      ...OF_RUN,
      callerIP: '1.2.3.4',
      label: 'a',
      labels: ['a', 'b'],
    });
  });

  it('has the defaults where nothing was said, and is not before its retry', () => {
    const run = started();
    run.report('msg_1', { status: 500 });
    run.at += 7;
    expect(shown(run, 'msg_1')).toEqual({
      messageId: 'msg_1',
      url: 'http://app/api',
      method: 'POST',
      header: FORWARDS,
      body: '{"hello":"world"}',
      notBefore: 1_012_000,
      createdAt: 1_000_000,
      maxRetries: 3,
      ...OF_RUN,
    });
    run.at += 12_000;
    run.due('msg_1', 1);
    // The attempt is new, the message isn't.
    expect(shown(run, 'msg_1')).toMatchObject({ notBefore: 0, createdAt: 1_000_000 });
  });

  it('is a call to a third party, with its own settings and headers', () => {
    const run = started({ retries: 9, labels: ['a'], failureCallback: FAILURE_CALLBACK });
    run.at += 5;
    const forwards = [['authorization', 'Bearer theirs']] as const;
    const [call = ''] = messageIds(run.call(1, 1, { method: 'PUT', forwards, timeoutMs: 30_000, settings: {} }));
    expect(shown(run, call)).toEqual({
      messageId: call,
      url: 'http://third.party/',
      method: 'PUT',
      header: { Authorization: ['Bearer theirs'] },
      body: 'request body',
      notBefore: 0,
      createdAt: 1_000_005,
      callback: 'http://app/api',
      timeout: 30,
      maxRetries: 3,
      ...OF_RUN,
      label: 'a',
      labels: ['a'],
    });
  });

  it('is a call’s callback, of which the body isn’t made yet', () => {
    const run = started({ retries: 9 });
    const [call = ''] = messageIds(run.call(1));
    run.at += 5;
    run.report(call);
    run.report(`${call}_callback`, { status: 500 });
    expect(shown(run, `${call}_callback`)).toEqual({
      messageId: `${call}_callback`,
      url: 'http://app/api',
      method: 'POST',
      header: { 'Upstash-Workflow-Callback': ['true'] },
      notBefore: 1_012_005,
      createdAt: 1_000_005,
      maxRetries: 9,
      ...OF_RUN,
    });
    expect(shown(run, call)).toBeUndefined();
  });

  it('is a failure callback, of a run that has ended', () => {
    const run = started({ retries: 9, failureCallback: FAILURE_CALLBACK });
    run.at += 5;
    run.report('msg_1', FATAL);
    const callback = run.run.failureCallback?.messageId ?? '';
    run.at += 5;
    run.report(callback, { status: 500 });
    expect(shown(run, callback)).toEqual({
      messageId: callback,
      url: 'http://app/fail',
      method: 'POST',
      header: { 'X-Fail': ['1'] },
      notBefore: 1_012_010,
      createdAt: 1_000_005,
      maxRetries: 1,
      ...OF_RUN,
    });
    expect(shown(run, 'msg_1')).toBeUndefined();
  });

  it('is a wait, not before its deadline, with the headers that its result will have', () => {
    const run = started({ retries: 2, forwards: [['x-user', 'u']] });
    run.at += 5;
    const [wait = ''] = messageIds(run.wait(1, { forwards: [['x-own', '1']], destination: 'http://app/w' }));
    expect(shown(run, wait)).toEqual({
      messageId: wait,
      url: 'http://app/w',
      method: 'POST',
      header: { 'X-User': ['u'], 'X-Own': ['1'] },
      notBefore: 1_060_005,
      createdAt: 1_000_005,
      maxRetries: 2,
      ...OF_RUN,
    });
  });

  it('is an invoke, as it was configured by a client that repeats everything', () => {
    const run = started({ retries: 2 });
    const config = { forwards: [], labels: [], retries: 8 };
    const [invoke = ''] = messageIds(run.invoke(1, { features: [], config }));
    expect(shown(run, invoke)).toEqual({
      messageId: invoke,
      url: 'http://app/api',
      method: 'POST',
      header: FORWARDS,
      notBefore: 0,
      createdAt: 1_000_000,
      maxRetries: 8,
      ...OF_RUN,
    });
  });

  it('is none once it was delivered, answered or dropped, or if it never was', () => {
    const run = started();
    run.plan(1, 3, 'Wait');
    expect(shown(run, 'msg_1')).toBeUndefined();
    const [wait = ''] = messageIds(run.wait(1, { step: { concurrent: 3 } }));
    run.waitEnded(wait);
    expect(shown(run, wait)).toBeUndefined();
    expect(shown(run, 'msg_other')).toBeUndefined();
    const delivery = run.run.deliveries.get(`${wait}_result`);
    expect(shown(run, `${wait}_result`)).toBeDefined();
    if (delivery) delivery.phase = 'succeeded';
    expect(shown(run, `${wait}_result`)).toBeUndefined();
    const [other = ''] = messageIds(run.wait(2, { step: { concurrent: 3 } }));
    const [plan = ''] = run.open().flatMap(({ messageId, phase }) => (phase === 'sent' ? [messageId] : []));
    run.cancel();
    for (const messageId of [other, plan]) expect(shown(run, messageId)).toBeUndefined();
  });

  it('has bytes that are no text in base64, and everything as it may be shown', () => {
    const run = new RunScenario();
    run.submit([startItem()], [new Uint8Array([0xff, 0])]);
    expect(shown(run, 'msg_s')).toMatchObject({ bodyBase64: '/wA=' });
    expect(shown(run, 'msg_s')).not.toHaveProperty('body');
    const redacting = bodiesOf(run, () => 'REDACTED');
    expect(messageOf(run.run, 'msg_s', redacting)).toMatchObject({
      bodyBase64: 'REDACTED',
      header: { 'X-Secret': ['REDACTED'] },
    });
  });
});

describe('a dead letter (12)', () => {
  const failed = (config: Partial<TriggerConfig> = {}): RunScenario => {
    const run = started(config, { callerIp: '1.2.3.4', notBeforeMs: 1_000_000 });
    run.at += 50;
    run.report('msg_1', FATAL);
    return run;
  };

  it('is the failed run, the message that failed it and the answer to that', () => {
    const run = failed({
      retries: 2,
      labels: ['a'],
      forwards: [['x-user', 'u']],
      flowControlKey: 'k',
      flowControlValue: 'rate=1',
    });
    expect(letterOf(run)).toEqual({
      dlqId: run.run.failure?.data.dlqId,
      messageId: 'msg_1',
      url: 'http://app/api',
      method: 'POST',
      header: { 'X-User': ['u'] },
      body: '{"hello":"world"}',
      notBefore: 1_000_000,
      createdAt: 1_000_050,
      maxRetries: 2,
      flowControlKey: 'k',
      rate: 1,
      period: 1,
      ...OF_RUN,
      callerIP: '1.2.3.4',
      label: 'a',
      labels: ['a'],
      responseStatus: 489,
      responseHeader: { 'Upstash-Nonretryable-Error': ['true'] },
      responseBody: 'no',
    });
  });

  it('names the failure callback and how that goes', () => {
    const run = failed({ failureCallback: FAILURE_CALLBACK });
    const callback = run.run.failureCallback?.messageId ?? '';
    const info = (): unknown => (letterOf(run) as { failureCallbackInfo?: unknown }).failureCallbackInfo;
    expect(letterOf(run)).toMatchObject({
      failureCallback: 'http://app/fail',
      failureCallbackHeader: { 'X-Fail': ['1'] },
      failureCallbackInfo: { state: 'CALLBACK_INPROGRESS' },
    });
    expect(info()).toEqual({ state: 'CALLBACK_INPROGRESS' });
    run.cancelFailureCallback();
    expect(info()).toEqual({ state: 'CALLBACK_CANCELED' });
    run.requestFailureCallback();
    expect(info()).toEqual({ state: 'CALLBACK_INPROGRESS' });
    run.report(run.run.failureCallback?.messageId ?? '', { headers: [['x-a', 'b']], body: utf8.encode('done') });
    expect(info()).toEqual({
      state: 'CALLBACK_SUCCESS',
      responseStatus: 200,
      responseHeaders: { 'X-A': ['b'] },
      responseBody: 'done',
    });
    expect(callback).not.toBe('');
  });

  it('says nothing of a failure callback that the client doesn’t have', () => {
    const run = failed({ failureCallback: FAILURE_CALLBACK });
    run.report(run.run.failureCallback?.messageId ?? '', {
      headers: [['upstash-workflow-failure-callback-notfound', 'true']],
    });
    expect(letterOf(run)).not.toHaveProperty('failureCallbackInfo');
    expect(letterOf(failed())).not.toHaveProperty('failureCallback');
  });

  it('has status 0 where no answer came, and what we say of it', () => {
    const run = started({ retries: 0 });
    run.report('msg_1', { headers: [], error: { code: 'CONNECTION_FAILED', message: 'refused' } });
    expect(letterOf(run)).toMatchObject({
      responseStatus: 0,
      responseHeader: {},
      responseBody: '{"error":"CONNECTION_FAILED","message":"refused"}',
      maxRetries: 0,
    });
  });

  it('has bytes that are no text in base64, and everything as it may be shown', () => {
    const run = new RunScenario();
    run.submit([startItem()], [new Uint8Array([0xff])]);
    run.report('msg_s', { ...FATAL, body: new Uint8Array([0xfe]) });
    expect(letterOf(run)).toMatchObject({ bodyBase64: '/w==', responseBodyBase64: '/g==' });
    const redacted = deadLetterOf(
      run.run,
      bodiesOf(run, () => 'REDACTED'),
    );
    expect(redacted).toMatchObject({
      bodyBase64: 'REDACTED',
      responseBodyBase64: 'REDACTED',
      header: { 'X-Secret': ['REDACTED'] },
    });
  });

  it('is none of any other run, nor once it was deleted or taken over', () => {
    const running = started();
    const cancelled = started();
    cancelled.cancel();
    const succeeded = started();
    succeeded.finish();
    const deleted = failed();
    deleted.deleteDeadLetter();
    const restarted = failed();
    restarted.takeOver('restart');
    for (const run of [running, cancelled, succeeded, deleted, restarted]) expect(letterOf(run)).toBeUndefined();
  });
});

test('all bodies that may be shown are known beforehand', () => {
  const run = started({ failureCallback: FAILURE_CALLBACK });
  run.planBranches(
    1,
    ['Call', 'Invoke', 'Wait', 'Run'].map((stepType) => ({ stepType })),
  );
  const [call = ''] = messageIds(run.call(1, 4));
  run.report(call, { body: utf8.encode('answer') });
  run.invoke(2, { step: { concurrent: 4 } });
  const [wait = ''] = messageIds(run.wait(3, { step: { concurrent: 4 } }));
  run.waitEnded(wait, 'x');
  const plan = run.run.entries[4]?.messageId ?? '';
  run.report(plan, { status: 500, body: utf8.encode('oh') });
  run.at += 12_000;
  run.due(plan, 1);
  run.report(plan, FATAL);
  run.report(run.run.failureCallback?.messageId ?? '', { body: utf8.encode('done') });
  const stored = run.history.flatMap(({ version, events }) =>
    events.flatMap(({ bodies }, event) => bodies.map((_, inline) => `${version}/${event}/${inline}`)),
  );
  const places = shownPlaces(run.run).map(
    ({ version, event, body }) => `${version}/${event}/${'inline' in body ? body.inline : ''}`,
  );
  expect([...new Set(places)].sort()).toEqual(stored.sort());
});

function startItem() {
  return {
    kind: 'start' as const,
    messageId: 'msg_s',
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [['x-secret', 's']] as const,
    features: [],
    body: 0,
    config: { forwards: [['x-secret', 's']] as const, labels: [] },
    callerIp: '',
  };
}
