import { bodiesOf } from '../testing/log-bodies';
import { messageIds, RunScenario } from '../testing/run-scenario';
import { deadLetterId } from './dead-letter.decider';
import { runLogOf } from './log/run-log.view';
import type { RunEvent } from './run.events';
import { rowOf } from './run.projections';

const UNKNOWN = { refused: 'UNKNOWN_DEAD_LETTER' };
const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };
const CALLBACK = { url: 'http://app/fail', forwards: [], retries: 0 };

function failed(config: Parameters<RunScenario['start']>[0] = {}): RunScenario {
  const run = new RunScenario();
  run.start(config);
  run.report('msg_1', FATAL);
  return run;
}

/** Failed, and its failure callback too. */
function forsaken(): { run: RunScenario; callback: string } {
  const run = failed({ failureCallback: CALLBACK });
  const callback = run.run.failureCallback?.messageId ?? '';
  run.report(callback, { status: 500 });
  return { run, callback };
}

/** Not failed: running, succeeded, cancelled, never started. */
function others(): RunScenario[] {
  const running = new RunScenario();
  running.start();
  const succeeded = new RunScenario();
  succeeded.start();
  succeeded.finish();
  const cancelled = new RunScenario();
  cancelled.start();
  cancelled.cancel();
  return [running, succeeded, cancelled, new RunScenario()];
}

const lastEvent = (run: RunScenario): RunEvent | undefined => run.history.at(-1)?.events.at(-1);
const dlqIdOf = (run: RunScenario): string => run.run.failure?.data.dlqId ?? '';

describe('deleting a dead letter (12)', () => {
  it('takes the letter away, and leaves the run failed', () => {
    const run = failed();
    expect(run.deleteDeadLetter()).toMatchObject({ accepted: [{ type: 'DeadLetterDeleted' }], answer: {} });
    expect(run.run).toMatchObject({ status: 'failed', deadLetterGone: { deleted: { askId: 'ask-delete' } } });
    expect(run.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([{ type: 'WriteRow' }]);
  });

  it('stays quiet when the same ask comes again (B3)', () => {
    const run = failed();
    run.deleteDeadLetter('a');
    expect(run.deleteDeadLetter('a')).toEqual({ accepted: [], answer: {} });
    expect(run.history).toHaveLength(3);
  });

  it('is refused for a letter that is gone, of another id, or of a run without one', () => {
    const run = failed();
    expect(run.deleteDeadLetter('a', 'dlq_other.wfr_1')).toMatchObject(UNKNOWN);
    run.deleteDeadLetter('a');
    expect(run.deleteDeadLetter('b')).toMatchObject(UNKNOWN);
    const taken = failed();
    taken.takeOver('restart', {}, { askId: 'a' });
    expect(taken.deleteDeadLetter('a')).toMatchObject(UNKNOWN);
    for (const other of others()) expect(other.deleteDeadLetter('a', 'dlq_x.wfr_1')).toMatchObject(UNKNOWN);
  });
});

describe.each(['resume', 'restart'] as const)('to %s a failed run (12)', (how) => {
  it('remembers who takes over, and is answered when that has begun', () => {
    const run = failed();
    run.at += 5;
    const decision = run.takeOver(how, { retries: 9 }, { successor: 'wfr_2', askId: 'a' });
    expect(decision).toEqual({
      accepted: [
        {
          type: 'RunTakenOver',
          data: { successor: 'wfr_2', how, startedAt: run.at, overrides: { retries: 9 }, askId: 'a' },
          bodies: [],
        },
      ],
      answer: { workflowRunId: 'wfr_2', workflowCreatedAt: run.at },
      awaits: ['start-successor'],
    });
    expect(run.run.status).toBe('failed');
    expect(run.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([
      { type: 'WriteRow' },
      { type: 'TellStream', tell: { kind: 'start-successor' } },
    ]);
  });

  it('makes one run of an ask that comes again, whatever id it brings (B3)', () => {
    const run = failed();
    const first = run.takeOver(how, {}, { successor: 'wfr_2', askId: 'a' });
    run.at += 10_000;
    const again = run.takeOver(how, {}, { successor: 'wfr_3', askId: 'a' });
    expect(again).toEqual({ ...first, accepted: [] });
    expect(run.tells()).toEqual(['start-successor']);
  });

  it('is refused to the second who asks, after a deletion, and where there is no letter', () => {
    const run = failed();
    run.takeOver(how, {}, { askId: 'a' });
    expect(run.takeOver(how, {}, { askId: 'b' })).toMatchObject(UNKNOWN);
    const deleted = failed();
    deleted.deleteDeadLetter('a');
    expect(deleted.takeOver(how, {}, { askId: 'a' })).toMatchObject(UNKNOWN);
    expect(failed().takeOver(how, {}, { dlqId: 'dlq_other.wfr_1' })).toMatchObject(UNKNOWN);
    for (const other of others()) expect(other.takeOver(how, {}, { dlqId: 'dlq_x.wfr_1' })).toMatchObject(UNKNOWN);
  });

  it('lets a failure callback go on that is under way', () => {
    const run = failed({ failureCallback: CALLBACK });
    const callback = run.run.failureCallback?.messageId ?? '';
    run.takeOver(how);
    expect(run.open()).toMatchObject([{ messageId: callback }]);
    run.report(callback);
    expect(run.run.failureCallback?.state).toBe('succeeded');
    expect(run.tells()).toEqual(['start-successor']);
  });
});

describe('the failure callback again (12, 9.4)', () => {
  it('is a new message with retries of its own, after it failed or was called off', () => {
    const { run, callback } = forsaken();
    const calledOff = failed({ failureCallback: CALLBACK });
    calledOff.cancelFailureCallback();
    for (const each of [run, calledOff]) {
      const before = each.run.failureCallback?.messageId;
      expect(each.requestFailureCallback('a')).toMatchObject({
        accepted: [{ type: 'FailureCallbackRequested', data: { askId: 'a' } }],
        answer: { runCreatedAt: 1_000_000 },
      });
      const { messageId, state, result } = each.run.failureCallback ?? {};
      expect(messageId).toMatch(/^msg_.+\.wfr_1$/);
      expect(messageId).not.toBe(before);
      expect([state, result]).toEqual(['in-progress', undefined]);
      expect(each.open()).toMatchObject([
        { messageId, kind: 'failure', url: 'http://app/fail', attempt: 0, retried: 0, phase: 'sent' },
      ]);
      expect(each.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([
        { type: 'Deliver', messageId, attempt: 0 },
        { type: 'WriteRow' },
      ]);
    }
    // What is still said of the old one changes nothing.
    expect(run.report(callback, { attempt: 0 })).toMatchObject({ accepted: [] });
    run.report(run.run.failureCallback?.messageId ?? '', { body: new Uint8Array([1]) });
    expect(run.run.failureCallback).toMatchObject({ state: 'succeeded', askId: 'a' });
  });

  it('stays quiet when the same ask comes again (B3), whatever became of it', () => {
    const { run } = forsaken();
    const first = run.requestFailureCallback('a');
    const again = { accepted: [], answer: 'answer' in first ? first.answer : undefined };
    expect(run.requestFailureCallback('a')).toEqual(again);
    run.report(run.run.failureCallback?.messageId ?? '', { status: 500 });
    expect(run.requestFailureCallback('a')).toEqual(again);
    expect(run.requestFailureCallback('b')).toMatchObject({ accepted: [{ type: 'FailureCallbackRequested' }] });
  });

  it('is refused while it runs, after it succeeded, and where there is none', () => {
    const running = failed({ failureCallback: CALLBACK });
    const succeeded = failed({ failureCallback: CALLBACK });
    succeeded.report(succeeded.run.failureCallback?.messageId ?? '');
    const undefinedThere = failed({ failureCallback: CALLBACK });
    undefinedThere.report(undefinedThere.run.failureCallback?.messageId ?? '', {
      headers: [['upstash-workflow-failure-callback-notfound', 'true']],
    });
    for (const run of [running, succeeded, undefinedThere, failed()]) {
      expect(run.requestFailureCallback()).toMatchObject({ refused: 'NOT_FAILED' });
    }
  });

  it('is refused without the letter', () => {
    const { run } = forsaken();
    expect(run.requestFailureCallback('a', 'dlq_other.wfr_1')).toMatchObject(UNKNOWN);
    run.deleteDeadLetter();
    expect(run.requestFailureCallback()).toMatchObject(UNKNOWN);
    for (const other of others()) expect(other.requestFailureCallback('a', 'dlq_x')).toMatchObject(UNKNOWN);
  });
});

describe('calling a failure callback off (12)', () => {
  it('drops it, while it runs or waits to be tried again', () => {
    const running = failed({ failureCallback: CALLBACK });
    const waiting = failed({ failureCallback: { ...CALLBACK, retries: 3 } });
    const callback = waiting.run.failureCallback?.messageId ?? '';
    waiting.report(callback, { status: 500 });
    for (const run of [running, waiting]) {
      expect(run.cancelFailureCallback()).toMatchObject({
        accepted: [{ type: 'FailureCallbackEnded', data: { state: 'cancelled', result: { headers: [] } } }],
      });
      expect(run.open()).toEqual([]);
      expect(run.run.failureCallback).toMatchObject({ state: 'cancelled' });
      expect(run.run.status).toBe('failed');
    }
    expect(running.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([{ type: 'WriteRow' }]);
    expect(waiting.lastChanges.owed.map(({ obligation }) => obligation)).toEqual([
      { type: 'CancelTimer', timerId: `wfr_1/${callback}/1` },
      { type: 'WriteRow' },
    ]);
    expect(waiting.report(callback)).toMatchObject({ accepted: [] });
    expect(waiting.due(callback, 1)).toMatchObject({ accepted: [] });
  });

  it('stays quiet the second time', () => {
    const run = failed({ failureCallback: CALLBACK });
    run.cancelFailureCallback();
    expect(run.cancelFailureCallback()).toEqual({ accepted: [], answer: {} });
  });

  it('is refused once it has ended, and where there is none', () => {
    expect(forsaken().run.cancelFailureCallback()).toMatchObject({ refused: 'NOT_FAILED' });
    expect(failed().cancelFailureCallback()).toMatchObject({ refused: 'NOT_FAILED' });
    const run = failed({ failureCallback: CALLBACK });
    expect(run.cancelFailureCallback('a', 'dlq_other')).toMatchObject(UNKNOWN);
    run.deleteDeadLetter();
    expect(run.cancelFailureCallback()).toMatchObject(UNKNOWN);
    for (const other of others()) expect(other.cancelFailureCallback('a', 'dlq_x')).toMatchObject(UNKNOWN);
  });
});

test('a dead letter from before is found by an id that names its run, and is used by it', () => {
  const old = (): RunScenario => {
    const run = failed();
    const failure = run.run.failure;
    if (failure) run.run.failure = { ...failure, data: { ...failure.data, dlqId: 'dlq_old' } };
    return run;
  };
  expect(deadLetterId(old().run)).toBe('dlq_old.wfr_1');
  expect(rowOf(old().run, 1).deadLetter?.dlqId).toBe('dlq_old.wfr_1');
  expect(runLogOf(old().run, bodiesOf(old()))).toMatchObject({ dlqId: 'dlq_old.wfr_1' });
  expect(old().takeOver('restart', {}, { dlqId: 'dlq_old.wfr_1' })).toMatchObject({ awaits: ['start-successor'] });
});

test('a dead letter’s id names its run', () => {
  expect(dlqIdOf(failed())).toMatch(/^dlq_[\w-]+\.wfr_1$/);
  expect(lastEvent(failed())).toMatchObject({ type: 'RunFailed' });
  const run = new RunScenario();
  run.start();
  const [step = ''] = messageIds(run.record(1));
  run.report(step, FATAL);
  expect(run.run.failure?.data.messageId).toBe(step);
});
