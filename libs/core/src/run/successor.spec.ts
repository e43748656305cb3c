import { messageIds, RunScenario } from '../testing/run-scenario';
import { copiesOf, restarted, resumed, takenOverOf } from '../testing/successor-scenario';
import { idInRun } from '../wire/message-id';
import { deliveryHeaders } from './dialects/upstash.headers';
import type { RunEvent, TakeOver, TakeOverOverrides } from './run.events';
import { RUN_EVENT_TYPES } from './run.events';
import { copiedEvent, restartOf } from './successor';

const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };
const SDK = ['upstash-workflow-sdk-version', '1'] as const;

const inRunOne = (): RunScenario => new RunScenario('wfr_1', 1_000_000, (n) => idInRun('msg', `m${n}`, 'wfr_1'));

function start(run: RunScenario, ...[config, more]: Parameters<RunScenario['start']>): RunScenario {
  run.start(
    { retries: 1, labels: ['a'], forwards: [['x-user', 'u']], flowControlKey: 'k', ...config },
    { callerIp: '1.2.3.4', ...more },
  );
  return run;
}

/** Fails the newest delivery to the workflow for good, and has another run take over. */
function failAndTakeOver(run: RunScenario, how: TakeOver, overrides: TakeOverOverrides = {}): RunScenario {
  run.at += 1_000;
  const ours = run.open().filter(({ kind }) => kind !== 'call');
  run.report(ours.at(-1)?.messageId ?? '', FATAL);
  run.at += 1_000;
  run.takeOver(how, overrides, { successor: 'wfr_2' });
  return run;
}

const open = (run: RunScenario) =>
  run.open().map(({ messageId, kind, phase, retried }) => ({ messageId, kind, phase, retried }));

describe('a restarted run (12)', () => {
  it('is a start like the one that failed, with its payload and nothing of its log', () => {
    const failed = start(inRunOne(), {}, { contentType: 'text/plain', notBeforeMs: 1_000_500 });
    failed.at += 1_000;
    failed.due('msg_m1.wfr_1', 0);
    failed.record(1);
    failAndTakeOver(failed, 'restart');
    const takenOver = takenOverOf(failed);
    expect(restartOf(failed.run, takenOver)).toEqual({
      kind: 'start',
      messageId: 'msg_m1.wfr_2',
      destination: 'http://app/api',
      workflowUrl: 'http://app/api',
      method: 'POST',
      contentType: 'text/plain',
      forwards: [SDK],
      features: ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'],
      body: 0,
      config: failed.run.start.config,
      callerIp: '1.2.3.4',
    });
    const run = restarted(failed);
    expect(run.run).toMatchObject({
      status: 'running',
      createdAt: takenOver.startedAt,
      start: { successorOf: { runId: 'wfr_1', how: 'restart', startedAt: takenOver.startedAt } },
    });
    expect(run.run.isCopying).toBeUndefined();
    expect(open(run)).toEqual([{ messageId: 'msg_m1.wfr_2', kind: 'step', phase: 'sent', retried: 0 }]);
  });

  it('waits for its own delay, not for the one that is over', () => {
    const failed = failAndTakeOver(start(inRunOne(), {}, {}), 'restart', { notBeforeMs: 2_000_000 });
    expect(open(restarted(failed))).toMatchObject([{ phase: { waitingUntil: 2_000_000 } }]);
  });

  it('needn’t ask its library again once that has answered, and asks if it hasn’t (5.5)', () => {
    const asked = failAndTakeOver(start(inRunOne(), {}, { restTrigger: 'ask', forwards: [] }), 'restart');
    expect(restartOf(asked.run, takenOverOf(asked))).toMatchObject({ restTrigger: 'ask', forwards: [] });
    const continued = start(inRunOne(), {}, { restTrigger: 'ask', forwards: [] });
    continued.continueStart({ destination: 'http://app/other', features: ['F'] });
    failAndTakeOver(continued, 'restart');
    expect(restartOf(continued.run, takenOverOf(continued))).toMatchObject({
      restTrigger: 'assume',
      destination: 'http://app/other',
      features: ['F'],
      forwards: [SDK],
    });
  });

  it('tells nobody of its end: whoever invoked the failed one has heard of that', () => {
    const failed = inRunOne();
    const invoker = { runId: 'wfr_p', workflowUrl: 'u', runCreatedAt: 1, messageId: 'msg_i.wfr_p', startedAt: 2 };
    failed.start({}, {}, 'ask', { invoker });
    failAndTakeOver(failed, 'restart');
    expect(restarted(failed).run.start.invoker).toBeUndefined();
    failed.run.deadLetterGone = { takenOver: { ...takenOverOf(failed), how: 'resume' } };
    const copy = resumed(failed);
    copy.finish('1');
    expect(copy.run.start.invoker).toBeUndefined();
    expect(copy.tells()).toEqual([]);
  });
});

describe('a resumed run (12)', () => {
  it('has the log of the failed one under ids of its own, and goes on where that failed', () => {
    const failed = start(inRunOne());
    failed.record(1);
    const [last = ''] = messageIds(failed.record(2));
    failed.report(last, { status: 500 });
    failed.at += 12_000;
    failed.due(last, 1);
    failAndTakeOver(failed, 'resume');
    const copy = resumed(failed);
    expect(copy.run.entries.map(({ messageId, step }) => [messageId, step?.stepId])).toEqual([
      ['msg_m1.wfr_2', undefined],
      ['msg_m2.wfr_2', 1],
      ['msg_m3.wfr_2', 2],
    ]);
    expect(open(copy)).toEqual([{ messageId: 'msg_m3.wfr_2', kind: 'step', phase: 'sent', retried: 0 }]);
    expect(copy.run.failures.size).toBe(0);
    expect(copy.run).toMatchObject({
      status: 'running',
      runId: 'wfr_2',
      createdAt: takenOverOf(failed).startedAt,
      start: { successorOf: { runId: 'wfr_1', how: 'resume' } },
    });
    expect(copy.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([
      { type: 'WriteRow' },
      { type: 'Deliver', messageId: 'msg_m3.wfr_2', attempt: 0 },
    ]);
    copy.finish('1');
    expect(copy.run.status).toBe('succeeded');
  });

  it('calls again what was being called, and delivers again what was answered', () => {
    const failed = start(inRunOne());
    messageIds(failed.planBranches(1, [{ stepType: 'Call' }, { stepType: 'Call' }, { stepType: 'Run' }]));
    failed.call(1, 3);
    const [second = ''] = messageIds(failed.call(2, 3));
    failed.report(second, { body: new Uint8Array([7]) });
    const [third = ''] = failed.open().map(({ messageId }) => messageId);
    failed.report(third, FATAL);
    failed.takeOver('resume', {}, { successor: 'wfr_2' });
    const copy = resumed(failed);
    expect(open(copy).map(({ messageId, kind }) => [kind, messageId])).toEqual([
      ['step', 'msg_m4.wfr_2'],
      ['call', 'msg_m5.wfr_2'],
      ['callback', 'msg_m6_callback.wfr_2'],
    ]);
    expect(copy.run.calls.get('msg_m6.wfr_2')?.answer?.body).toMatchObject({ body: { sizeBytes: 1 } });
  });

  it('still sleeps until the same time, or until the delay it was given', () => {
    const asleep = (overrides: TakeOverOverrides) => {
      const failed = start(inRunOne());
      failed.planBranches(1, [
        { stepType: 'SleepFor', delayMs: 60_000 },
        { stepType: 'SleepFor', delayMs: 10 },
        { stepType: 'Call' },
        { stepType: 'Run' },
      ]);
      failed.call(3, 4, { delayMs: 45_000 });
      return resumed(failAndTakeOver(failed, 'resume', overrides))
        .open()
        .map(({ phase }) => phase);
    };
    expect(asleep({})).toEqual([{ waitingUntil: 1_060_000 }, 'sent', 'sent', { waitingUntil: 1_045_000 }]);
    expect(asleep({ notBeforeMs: 1_050_000 })).toEqual([
      { waitingUntil: 1_060_000 },
      { waitingUntil: 1_050_000 },
      { waitingUntil: 1_050_000 },
      { waitingUntil: 1_050_000 },
    ]);
  });

  it('waits on for the same event until the same time, and knows its mailboxes', () => {
    const failed = start(inRunOne());
    failed.openMailbox('hook');
    failed.planBranches(1, [{ stepType: 'Wait' }, { stepType: 'Wait' }, { stepType: 'Run' }]);
    const [over = ''] = messageIds(failed.wait(1, { eventId: 'one', step: { concurrent: 3 } }));
    failed.wait(2, { eventId: 'two', step: { concurrent: 3 } });
    failed.waitEnded(over, 'x');
    failed.report(over.replace('.', '_result.'));
    failAndTakeOver(failed, 'resume');
    const copy = resumed(failed);
    const [, wait = ''] = copy.run.waits.keys();
    expect(copy.tells()).toEqual([`register-waiter:${wait}`]);
    expect(copy.run.waits.get(wait)?.data).toMatchObject({ eventId: 'two', deadlineAt: 1_060_000 });
    expect([...copy.run.mailboxes]).toEqual(['hook', 'one', 'two']);
    expect(copy.waitEnded(wait, 'late')).toMatchObject({
      accepted: [{ data: { messageId: expect.stringMatching(/_result\.wfr_2$/) as string } }],
    });
    copy.cancel();
    expect(copy.tells()).toEqual(['drop-run:hook', 'drop-run:one', 'drop-run:two']);
  });

  it('begins a child that hadn’t begun, and takes the result of one that knows the failed run alone', () => {
    const failed = start(inRunOne());
    failed.planBranches(1, [{ stepType: 'Invoke' }, { stepType: 'Run' }]);
    const [invoke = ''] = messageIds(failed.invoke(1, { step: { concurrent: 2 } }, 'wfr_kid'));
    failAndTakeOver(failed, 'resume');
    expect(failed.tells()).toEqual(['start-successor']);
    const copy = resumed(failed);
    const [copied = ''] = copy.run.invokes.keys();
    expect(copied).not.toBe(invoke);
    expect(copy.tells()).toEqual([`start-child:${copied}`]);
    // As the child's row and log have it.
    expect(copy.run.invokes.get(copied)).toMatchObject({
      at: 1_000_000,
      data: { child: { runId: 'wfr_kid', messageId: 'msg_child.wfr_kid' } },
    });
    expect(failed.childEnded(invoke, '1')).toMatchObject({ answer: { movedTo: 'wfr_2' } });
    expect(copy.childEnded(invoke, '1')).toMatchObject({ accepted: [{ data: { step: { stepId: 1 } } }] });
    expect(copy.tells()).toEqual([]);
    expect(copy.childEnded(copied, '1')).toMatchObject({ accepted: [] });
  });

  it('has results of children that came after the failure, and delivers them now', () => {
    const failed = start(inRunOne());
    const [, second = ''] = messageIds(failed.planBranches(1, [{ stepType: 'Invoke' }, { stepType: 'Run' }]));
    const [invoke = ''] = messageIds(failed.invoke(1, { step: { concurrent: 2 } }));
    failed.report(second, FATAL);
    failed.childEnded(invoke, '1');
    failed.takeOver('resume', {}, { successor: 'wfr_2' });
    const copy = resumed(failed);
    expect(open(copy).map(({ messageId }) => messageId)).toEqual(['msg_m3.wfr_2', 'msg_m4_result.wfr_2']);
    expect(copy.tells()).toEqual([]);
    copy.record(2, { concurrent: 2 });
    expect(copy.open().filter(({ owesFollowUp }) => owesFollowUp)).toHaveLength(1);
  });

  it('leaves out what was delivered and written lazily (L7)', () => {
    const failed = start(inRunOne());
    const [, second = ''] = messageIds(failed.plan(1, 2));
    const [discarded = ''] = messageIds(failed.record(1, { concurrent: 2 }));
    failed.report(discarded);
    failed.report(second, FATAL);
    failed.takeOver('resume', {}, { successor: 'wfr_2' });
    expect(open(resumed(failed)).map(({ messageId }) => messageId)).toEqual(['msg_m3.wfr_2']);
  });

  it('is as its library wants it once that has answered (5.5)', () => {
    const failed = start(inRunOne(), {}, { restTrigger: 'ask', forwards: [] });
    failed.continueStart({ destination: 'http://app/other', forwards: [SDK] });
    failAndTakeOver(failed, 'resume');
    const copy = resumed(failed);
    const [delivery] = copy.open();
    expect(delivery).toMatchObject({ url: 'http://app/other', phase: 'sent', retried: 0 });
    if (delivery) {
      const headers = Object.fromEntries(deliveryHeaders(copy.run, delivery));
      expect(headers).toMatchObject({ 'upstash-workflow-sdk-version': '1', 'upstash-workflow-runid': 'wfr_2' });
      expect(headers).not.toHaveProperty('upstash-workflow-unknown-sdk');
    }
    expect(copy.continueStart()).toMatchObject({ accepted: [] });
  });

  it('can fail, and be resumed and restarted, like any other', () => {
    const failed = start(inRunOne(), { failureCallback: { url: 'http://app/f', forwards: [] } });
    const [, second = ''] = messageIds(failed.planBranches(1, [{ stepType: 'Invoke' }, { stepType: 'Run' }]));
    const [invoke = ''] = messageIds(failed.invoke(1, { step: { concurrent: 2 } }));
    failed.report(second, FATAL);
    failed.takeOver('resume', {}, { successor: 'wfr_2' });
    const copy = resumed(failed, [2]);
    copy.report('msg_m3.wfr_2', FATAL);
    expect(copy.run.failure?.data).toMatchObject({
      messageId: 'msg_m3.wfr_2',
      dlqId: expect.stringMatching(/\.wfr_2$/) as string,
    });
    copy.takeOver('resume', {}, { successor: 'wfr_3' });
    const third = resumed(copy, [1, 1]);
    expect(third.run.start).toMatchObject({ runId: 'wfr_3', successorOf: { runId: 'wfr_2' } });
    expect(third.run.entries.map(({ messageId }) => messageId)).toEqual([
      'msg_m1.wfr_3',
      'msg_m2.wfr_3',
      'msg_m3.wfr_3',
    ]);
    expect(third.run.invokes.get('msg_m4.wfr_3')?.at).toBe(1_000_000);
    // The child, started by the first, is sent along the line.
    expect(copy.childEnded(invoke, '1')).toMatchObject({ answer: { movedTo: 'wfr_3' } });
    expect(third.childEnded(invoke, '1')).toMatchObject({ accepted: [{ type: 'StepRecorded' }] });
    copy.run.deadLetterGone = { takenOver: { ...takenOverOf(copy), how: 'restart' } };
    expect(restarted(copy).run.entries.map(({ messageId }) => messageId)).toEqual(['msg_m1.wfr_3']);
  });
});

describe('what is copied', () => {
  it('is what was done and asked for, and nothing of attempts, ends and letters', () => {
    const all = Object.keys(RUN_EVENT_TYPES) as (keyof typeof RUN_EVENT_TYPES)[];
    const failed = failAndTakeOver(start(inRunOne()), 'resume');
    const { config } = failed.run.start;
    const data = { messageId: 'm', callMessageId: 'm', messageIds: [], config, callback: { settings: {} } };
    const copied = all.filter((type) => {
      const event = { type, data, bodies: [] } as unknown as RunEvent;
      return copiedEvent(event, failed.run, takenOverOf(failed)) !== undefined;
    });
    expect(copied.sort()).toEqual([
      'CallAnswered',
      'CallRequested',
      'DeliveriesSucceeded',
      'InvokeRequested',
      'MailboxOpened',
      'RunStarted',
      'StartContinued',
      'StepPlanned',
      'StepRecorded',
      'WaitRequested',
    ]);
  });

  it('keeps bodies as they are', () => {
    const failed = start(inRunOne());
    failed.record(1);
    failAndTakeOver(failed, 'resume');
    const bodies = copiesOf(failed).map((event) => event.bodies);
    expect(bodies).toEqual([failed.history[0]?.events[0]?.bodies, failed.history[1]?.events[0]?.bodies, []]);
  });
});
