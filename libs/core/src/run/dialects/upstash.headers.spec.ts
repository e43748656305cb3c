import type { TriggerConfig } from '../../wire/submission';
import { messageIds, RunScenario } from '../../testing/run-scenario';
import { deliveryHeaders } from './upstash.headers';

const USER = [
  ['authorization', 'Bearer user'],
  ['x-tenant', 'acme'],
] as const;
const SDK = ['upstash-workflow-sdk-version', '1'] as const;
const CALLBACK = [
  ['upstash-workflow-callback', 'true'],
  ['upstash-workflow-stepid', '1'],
  ['upstash-workflow-stepname', 'c'],
  ['upstash-workflow-steptype', 'Call'],
  ['upstash-workflow-concurrent', '1'],
  ['upstash-workflow-contenttype', 'text/plain'],
] as const;
const FAILURE = [
  ['upstash-workflow-is-failure', 'true'],
  ['upstash-workflow-failure-callback', 'true'],
] as const;

function started(config: Partial<TriggerConfig> = {}, forwards: readonly (readonly [string, string])[] = [SDK]) {
  const run = new RunScenario();
  run.start(
    { forwards: USER, labels: ['lab', 'b'], failureCallback: { url: 'http://app/api', forwards: FAILURE }, ...config },
    { forwards, callerIp: '1.2.3.4' },
  );
  return run;
}

/** Headers of the one delivery that is open. */
function sent(run: RunScenario): Readonly<Record<string, string>> {
  const [delivery, ...others] = run.open();
  if (!delivery || others.length > 0) throw new Error('not exactly one open delivery');
  const headers = deliveryHeaders(run.run, delivery);
  expect(headers.map(([name]) => name)).toEqual([...new Set(headers.map(([name]) => name.toLowerCase()))]);
  return Object.fromEntries(headers);
}

const ofRun = (messageId: string, retried = '0') => ({
  'upstash-message-id': messageId,
  'upstash-retried': retried,
  'upstash-workflow-runid': 'wfr_1',
  'upstash-workflow-url': 'http://app/api',
  'upstash-workflow-createdat': '1000000',
  'upstash-label': 'lab,b',
  'upstash-caller-ip': '1.2.3.4',
});
const user = Object.fromEntries(USER);

describe('the headers of a step delivery (3.1)', () => {
  it('are the user’s, the item’s own and the run’s', () => {
    const run = started();
    expect(sent(run)).toEqual({
      ...user,
      ...ofRun('msg_1'),
      'upstash-workflow-sdk-version': '1',
      'content-type': 'application/json',
    });
    const [step = ''] = messageIds(run.record(1, {}, { forwards: [SDK, ['upstash-workflow-invoke-count', '2']] }));
    expect(sent(run)).toEqual({
      ...user,
      ...ofRun(step),
      'upstash-workflow-sdk-version': '1',
      'upstash-workflow-invoke-count': '2',
      'content-type': 'application/json',
    });
  });

  it('leave out what isn’t there', () => {
    const run = new RunScenario();
    run.start({}, { forwards: [SDK] });
    const headers = sent(run);
    expect(Object.keys(headers)).not.toContain('upstash-label');
    expect(Object.keys(headers)).not.toContain('upstash-caller-ip');
  });

  it('keep the submitted content type', () => {
    const run = new RunScenario();
    run.start({}, { contentType: 'text/plain', forwards: [['content-type', 'forged/type']] });
    expect(sent(run)['content-type']).toBe('text/plain');
  });

  it('tell how often it failed by what counts, not by how often it was tried', () => {
    const run = started({ retryDelay: '0' });
    run.report('msg_1', { error: { code: 'UNAVAILABLE', message: 'we are out' } });
    run.at += 1_000;
    run.due('msg_1', 1);
    expect(sent(run)['upstash-retried']).toBe('0');
    run.report('msg_1', { status: 500 });
    run.due('msg_1', 2);
    expect(sent(run)['upstash-retried']).toBe('1');
  });

  it('never re-apply an `upstash-` header of the trigger, such as the unknown-SDK flag (5.5)', () => {
    const flag = ['upstash-workflow-unknown-sdk', 'true'] as const;
    const run = started({ forwards: [...USER, flag] }, [flag]);
    expect(sent(run)['upstash-workflow-unknown-sdk']).toBe('true');
    run.record(1);
    expect(sent(run)).toMatchObject(user);
    expect(sent(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('ask for the library on no other delivery, whoever forwards the question: it would be taken for a start (6)', () => {
    const flag = ['upstash-workflow-unknown-sdk', 'true'] as const;
    const run = started({ failureCallback: { url: 'http://app/api', forwards: [...FAILURE, flag] } });
    const further = started();
    further.record(1, {}, { forwards: [SDK, flag] });
    expect(sent(further)).not.toHaveProperty('upstash-workflow-unknown-sdk');
    const [call = ''] = messageIds(run.call(1, 1, withCallback([...CALLBACK, flag])));
    run.report(call);
    expect(sent(run)).toMatchObject({ 'upstash-workflow-callback': 'true' });
    expect(sent(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
    run.report(`${call}_callback`, { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    expect(sent(run)).toMatchObject(Object.fromEntries(FAILURE));
    expect(sent(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('can’t be forged: the server’s own win (2.5)', () => {
    const forged = Object.keys(ofRun('')).map((name) => [name.toUpperCase(), 'forged'] as const);
    const run = started({ forwards: forged }, forged);
    expect(sent(run)).toMatchObject(ofRun('msg_1'));
  });
});

describe('the headers of a callback (8.3)', () => {
  it('are those of a step without the sdk version, even if it was asked for', () => {
    const run = started();
    const [call = ''] = messageIds(run.call(1, 1, withCallback([...CALLBACK, SDK])));
    run.report(call, { headers: [['content-type', 'text/html']] });
    expect(sent(run)).toEqual({
      ...user,
      ...ofRun(`${call}_callback`),
      ...Object.fromEntries(CALLBACK),
      'content-type': 'application/json',
    });
  });
});

describe('the headers of a failure callback (9.4)', () => {
  it('are its flags, the user’s and the run’s', () => {
    const run = started();
    run.report('msg_1', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    const [callback] = run.open();
    expect(sent(run)).toEqual({
      ...user,
      ...ofRun(callback?.messageId ?? ''),
      ...Object.fromEntries(FAILURE),
      'content-type': 'application/json',
    });
  });

  it('can replace the user’s', () => {
    const own = { url: 'http://app/api', forwards: [...FAILURE, ['x-tenant', 'other'] as const] };
    const run = started({ failureCallback: own });
    run.report('msg_1', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    expect(sent(run)).toMatchObject({ authorization: 'Bearer user', 'x-tenant': 'other' });
  });
});

describe('the headers of a third-party call (8.3)', () => {
  it('are what the user gave for it, and nothing of the run', () => {
    const run = started();
    run.call(1, 1, { contentType: 'text/plain', forwards: [['h', '1']] });
    expect(sent(run)).toEqual({ 'content-type': 'text/plain', h: '1' });
  });
});

function withCallback(forwards: readonly (readonly [string, string])[]) {
  const callback = {
    url: 'http://app/api',
    forwards,
    stepId: 1,
    stepName: 'c',
    stepType: 'Call',
    concurrent: 1,
    settings: {},
  };
  return { callback };
}
