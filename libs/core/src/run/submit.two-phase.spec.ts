import type { StartSubmission } from '../wire/submission';
import { messageIds, RunScenario } from '../testing/run-scenario';
import { deliveryHeaders } from './dialects/upstash.headers';
import type { RunEvent } from './run.events';

/*
 * A start that the client's library continues (protocol.md 5.5): the first delivery asks it to, and is made again as it wants it.
 */

const SDK = ['upstash-workflow-sdk-version', '1'] as const;
const QUESTION = ['upstash-workflow-unknown-sdk', 'true'] as const;
const OLD_ANSWER = { headers: [SDK] };
const NEW_ANSWER = { headers: [SDK, ['upstash-workflow-sdk', 'v1.3.2'] as const] };
const ADOPTED = { features: ['LazyFetch', 'WF_TriggerOnConfig'], forwards: [SDK, ['x-user', 'u'] as const] };

/** Started over REST, its library to be asked. */
function asked(more: Partial<StartSubmission> = {}): RunScenario {
  const run = new RunScenario();
  run.start({ forwards: [['x-user', 'u']] }, { restTrigger: 'ask', forwards: [['x-user', 'u']], ...more });
  return run;
}

function headersOf(run: RunScenario): Readonly<Record<string, string>> {
  const [delivery] = run.open();
  return delivery ? Object.fromEntries(deliveryHeaders(run.run, delivery)) : {};
}

const lastEvent = (run: RunScenario): RunEvent | undefined => run.history.at(-1)?.events.at(-1);

describe('the first phase', () => {
  it('asks the library, and says nothing of a version even if the user does', () => {
    for (const forwards of [[], [SDK]]) {
      const headers = headersOf(asked({ forwards }));
      expect(headers).toMatchObject({ 'upstash-workflow-unknown-sdk': 'true', 'x-user': 'u' });
      expect(headers).not.toHaveProperty('upstash-workflow-sdk-version');
    }
  });

  it('isn’t made where the library is taken for a new one', () => {
    const headers = headersOf(asked({ restTrigger: 'assume', forwards: [SDK] }));
    expect(headers).toMatchObject({ 'upstash-workflow-sdk-version': '1' });
    expect(headers).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('asks again with every attempt', () => {
    const run = asked();
    run.report('msg_1', { status: 500 });
    run.at += 12_000;
    run.due('msg_1', 1);
    expect(headersOf(run)).toMatchObject({ 'upstash-workflow-unknown-sdk': 'true', 'upstash-retried': '1' });
  });

  it.each(['ask', 'assume'] as const)(
    'fails at once when the answer shows an old library, or none (%s)',
    (restTrigger) => {
      const old = asked({ restTrigger });
      old.report('msg_1', OLD_ANSWER);
      expect(lastEvent(old)).toMatchObject({ type: 'RunFailed', data: { result: { error: { code: 'OLD_CLIENT' } } } });
      const none = asked({ restTrigger });
      none.report('msg_1', { headers: [['upstash-workflow-sdk', 'v1']] });
      expect(lastEvent(none)).toMatchObject({
        type: 'RunFailed',
        data: { result: { error: { code: 'NON_WORKFLOW_DESTINATION' } } },
      });
    },
  );

  it('is tried again after an error, whoever answers, and when nothing followed', () => {
    const failing = asked();
    failing.report('msg_1', { status: 502, headers: [] });
    expect(lastEvent(failing)).toMatchObject({ type: 'AttemptFailed' });
    const silent = asked();
    silent.report('msg_1', NEW_ANSWER);
    expect(lastEvent(silent)).toMatchObject({
      type: 'AttemptFailed',
      data: { result: { error: { code: 'NOTHING_FOLLOWED' } } },
    });
  });

  it('is not judged like that in any other run', () => {
    const run = new RunScenario();
    run.start();
    run.report('msg_1', OLD_ANSWER);
    expect(lastEvent(run)).toMatchObject({ type: 'AttemptFailed' });
    const [step = ''] = messageIds(run.record(1));
    run.report(step, { headers: [] });
    expect(run.run.status).toBe('running');
  });
});

describe('the second phase', () => {
  it('delivers the same message again, as the library wants it', () => {
    const run = asked();
    const decision = run.continueStart({ destination: 'http://app/other', contentType: 'text/plain', ...ADOPTED });
    expect(decision).toMatchObject({
      accepted: [{ type: 'StartContinued' }],
      answer: { runCreatedAt: run.at, items: [{ messageId: 'msg_1', deduplicated: false }] },
    });
    expect(run.run.entries).toHaveLength(1);
    expect(run.open()).toMatchObject([
      { messageId: 'msg_1', url: 'http://app/other', attempt: 1, retried: 0, phase: 'sent', entry: 0 },
    ]);
    expect(run.lastChanges).toEqual({
      owed: [{ effectId: 'run-wfr_1:2:0', obligation: { type: 'Deliver', messageId: 'msg_1', attempt: 1 } }],
      settled: ['run-wfr_1:1:1'],
    });
    const headers = headersOf(run);
    expect(headers).toMatchObject({
      'upstash-workflow-sdk-version': '1',
      'upstash-message-id': 'msg_1',
      'content-type': 'text/plain',
      'x-user': 'u',
    });
    expect(headers).not.toHaveProperty('upstash-workflow-unknown-sdk');
    expect(run.run.start.features).toEqual(ADOPTED.features);
    expect(run.run.entries[0]?.data).toBe(run.run.start);
    // The first phase's own answer comes afterwards, and is about an attempt that is over.
    expect(run.report('msg_1', { ...OLD_ANSWER, attempt: 0 })).toMatchObject({ accepted: [] });
    expect(run.open()).toHaveLength(1);
  });

  it('doesn’t ask again, though the library forwards the question (5.5)', () => {
    const run = asked();
    run.continueStart({ forwards: [QUESTION, SDK] });
    expect(headersOf(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
    run.report('msg_1', { status: 500 });
    run.at += 12_000;
    run.due('msg_1', 2);
    expect(headersOf(run)).toMatchObject({ 'upstash-workflow-sdk-version': '1' });
    expect(headersOf(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('comes as well when the question was a forward of a start like any other', () => {
    const run = new RunScenario();
    run.start({}, { forwards: [QUESTION, SDK] });
    expect(headersOf(run)).toHaveProperty('upstash-workflow-unknown-sdk');
    expect(run.continueStart()).toMatchObject({ accepted: [{ type: 'StartContinued' }] });
    expect(headersOf(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('stays quiet the second time, and is no duplicate', () => {
    const run = asked();
    const first = run.continueStart(ADOPTED);
    const again = run.continueStart(ADOPTED);
    expect(again).toEqual({ accepted: [], answer: 'answer' in first ? first.answer : undefined });
    run.record(1);
    expect(run.continueStart(ADOPTED)).toEqual(again);
    expect(run.history).toHaveLength(3);
  });

  it('is one, however often it is said in one batch, and too late behind a step there', () => {
    const twice = asked();
    twice.submit([continuation('a'), continuation('b')], [new Uint8Array()]);
    expect(twice.history.at(-1)?.events.map(({ type }) => type)).toEqual(['StartContinued']);
    expect(twice.open()).toMatchObject([{ attempt: 1 }]);
    const late = asked();
    const { callerIp: _none, ...item } = continuation('s');
    const step = { stepId: 1, stepName: 's', stepType: 'Run', concurrent: 1 };
    late.submit([{ ...item, kind: 'step', step }, continuation('a')], [new Uint8Array()]);
    expect(late.history.at(-1)?.events.map(({ type }) => type)).toEqual(['StepRecorded']);
  });

  it('comes early enough while the first phase waits to be tried again, and has all its retries', () => {
    const run = asked();
    run.report('msg_1', { error: { code: 'DELIVERY_TIMEOUT', message: 'slow' } });
    run.continueStart();
    expect(run.open()).toMatchObject([{ attempt: 2, retried: 0, phase: 'sent' }]);
    expect(run.owed('SetTimer')).toEqual([]);
    expect(run.due('msg_1', 1)).toMatchObject({ accepted: [], answer: { done: true } });
  });

  it('begins no hour of an outage of ours that is over (B4)', () => {
    const run = asked();
    const outage = { error: { code: 'UNAVAILABLE', message: 'out' } } as const;
    run.report('msg_1', outage);
    run.at += 59 * 60_000;
    run.continueStart();
    run.at += 2 * 60_000;
    run.report('msg_1', outage);
    expect(lastEvent(run)).toMatchObject({ type: 'AttemptFailed', data: { counted: false } });
  });

  it('is a duplicate of a run that nobody asked, that has gone on, or has ended', () => {
    const duplicate = { accepted: [], answer: { items: [{ messageId: 'msg_1', deduplicated: true }] } };
    const unasked = new RunScenario();
    unasked.start();
    expect(unasked.continueStart()).toMatchObject(duplicate);
    const further = asked();
    further.record(1);
    expect(further.continueStart()).toMatchObject(duplicate);
    const ended = asked();
    ended.cancel();
    expect(ended.continueStart()).toMatchObject(duplicate);
  });

  it('of a run that is unknown is a start, and asks nobody', () => {
    const run = new RunScenario();
    expect(run.continueStart({ forwards: [QUESTION, SDK, ['x-user', 'u']] })).toMatchObject({
      accepted: [{ type: 'RunStarted' }],
      answer: { items: [{ deduplicated: false }] },
    });
    expect(headersOf(run)).toMatchObject({ 'x-user': 'u', 'upstash-workflow-sdk-version': '1' });
    expect(headersOf(run)).not.toHaveProperty('upstash-workflow-unknown-sdk');
  });

  it('keeps the content type where the library names none', () => {
    const run = asked({ contentType: 'text/plain' });
    run.submit([continuation('msg_sdk')], [new Uint8Array()]);
    expect(headersOf(run)).toMatchObject({ 'content-type': 'text/plain' });
  });
});

it('a failed attempt of the first phase is still known afterwards', () => {
  const run = asked();
  run.report('msg_1', { status: 500 });
  run.continueStart();
  expect(run.run.failures.get('msg_1')).toMatchObject([{ attempt: 0 }]);
});

function continuation(messageId: string): StartSubmission {
  return {
    kind: 'start',
    bySdk: true,
    messageId,
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [SDK],
    features: [],
    body: 0,
    config: { forwards: [], labels: [] },
    callerIp: '',
  };
}
