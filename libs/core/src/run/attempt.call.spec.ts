import { messageIds, RunScenario } from '../testing/run-scenario';
import type { RunEvent } from './run.events';

const utf8 = new TextEncoder();
const lastEvent = (run: RunScenario): RunEvent | undefined => run.history.at(-1)?.events.at(-1);

function calling(retries?: number): { run: RunScenario; call: string } {
  const run = new RunScenario();
  run.start({ retries: 2, failureCallback: { url: 'http://app/api', forwards: [], retries: 1 } });
  const [call = ''] = messageIds(run.call(1, 1, { settings: retries === undefined ? {} : { retries } }));
  return { run, call };
}

function elapse(run: RunScenario, messageId: string): void {
  const delivery = run.run.deliveries.get(messageId);
  if (typeof delivery?.phase !== 'object') throw new Error(`${messageId} does not wait`);
  run.at = delivery.phase.waitingUntil;
  run.due(messageId, delivery.attempt);
}

describe('a third-party call (8.3)', () => {
  it('is answered by a callback with its body, and a result by the callback', () => {
    const { run, call } = calling(0);
    run.report(call, { status: 201, headers: [['x-a', 'b']], body: utf8.encode('answer') });
    expect(lastEvent(run)).toMatchObject({
      type: 'CallAnswered',
      data: { callMessageId: call, retried: 0, maxRetries: 0, result: { status: 201, headers: [['x-a', 'b']] } },
      bodies: [utf8.encode('answer')],
    });
    expect(run.open()).toMatchObject([
      { messageId: `${call}_callback`, kind: 'callback', url: 'http://app/api', owesFollowUp: true },
    ]);
    run.record(1, { stepType: 'Call' });
    expect(run.open()).toMatchObject([{ kind: 'step', entry: 1 }]);
  });

  it('is tried again by its own settings, not the run’s', () => {
    const { run, call } = calling(1);
    run.report(call, { status: 500, headers: [['retry-after', '3']] });
    expect(lastEvent(run)).toMatchObject({ type: 'AttemptFailed', data: { nextAttemptAt: run.at + 3_000 } });
    elapse(run, call);
    run.report(call, { status: 200 });
    expect(lastEvent(run)).toMatchObject({ type: 'CallAnswered', data: { retried: 1, maxRetries: 1 } });
  });

  it('never fails the run: exhausted, not retryable or unreachable, it is answered with retried = maxRetries', () => {
    const exhausted = calling(0);
    exhausted.run.report(exhausted.call, { status: 503 });
    const early = calling(5);
    early.run.report(early.call, { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    const unreachable = calling(0);
    unreachable.run.report(unreachable.call, { error: { code: 'DELIVERY_TIMEOUT', message: 'too slow' } });
    for (const { run, retries } of [
      { ...exhausted, retries: 0 },
      { ...early, retries: 5 },
      { ...unreachable, retries: 0 },
    ]) {
      expect(run.run.status).toBe('running');
      expect(lastEvent(run)).toMatchObject({ type: 'CallAnswered', data: { retried: retries, maxRetries: retries } });
      expect(run.open()).toMatchObject([{ kind: 'callback' }]);
    }
  });

  it('has a callback that is retried with the run’s settings, owes a result, and fails the run for good', () => {
    const { run, call } = calling(0);
    run.report(call);
    const callback = `${call}_callback`;
    run.report(callback);
    expect(lastEvent(run)).toMatchObject({
      type: 'AttemptFailed',
      data: { result: { error: { code: 'NOTHING_FOLLOWED' } } },
    });
    elapse(run, callback);
    run.report(callback, { status: 500 });
    elapse(run, callback);
    run.report(callback, { status: 500 });
    expect(lastEvent(run)).toMatchObject({
      type: 'RunFailed',
      data: { messageId: callback, retried: 2, maxRetries: 2 },
    });
  });

  it('takes one answer: what is reported later changes nothing', () => {
    const { run, call } = calling(0);
    run.report(call);
    const history = run.history.length;
    expect(run.report(call, { status: 500 })).toEqual({ accepted: [], answer: {} });
    expect(run.history).toHaveLength(history);
  });
});

describe('a failure callback (9.4)', () => {
  function failing(): { run: RunScenario; callback: string } {
    const { run, call } = calling(0);
    run.report(call);
    run.report(`${call}_callback`, { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    return { run, callback: run.open()[0]?.messageId ?? '' };
  }

  it('follows the failure of a run that has one', () => {
    const { run, callback } = failing();
    expect(run.run).toMatchObject({ status: 'failed', failureCallback: { messageId: callback, state: 'in-progress' } });
    expect(run.open()).toMatchObject([{ kind: 'failure', url: 'http://app/api', owesFollowUp: false, phase: 'sent' }]);
    const without = new RunScenario();
    without.start({ retries: 0 });
    without.report('msg_1', { status: 500 });
    expect(without.run.failureCallback).toBeUndefined();
    expect(without.open()).toEqual([]);
  });

  it('ends as succeeded, or as not defined when the client has none', () => {
    const good = failing();
    good.run.report(good.callback, { body: utf8.encode('{"result":"ok"}') });
    expect(good.run.run.failureCallback).toMatchObject({ state: 'succeeded', result: { body: { event: 0 } } });
    const none = failing();
    none.run.report(none.callback, { headers: [['upstash-workflow-failure-callback-notfound', 'true']] });
    expect(none.run.run.failureCallback?.state).toBe('not-defined');
    for (const { run } of [good, none]) {
      expect(run.open()).toEqual([]);
      expect(run.lastChanges).toMatchObject({
        owed: [{ obligation: { type: 'WriteRow' } }],
        settled: [expect.any(String)],
      });
    }
  });

  it('is tried again by its own settings, and ends as failed', () => {
    const { run, callback } = failing();
    run.report(callback, { status: 500 });
    elapse(run, callback);
    run.report(callback, { status: 500 });
    expect(run.run.failureCallback).toMatchObject({ state: 'failed', result: { result: { status: 500 } } });
    expect(run.run.status).toBe('failed');
    expect(run.report(callback)).toEqual({ accepted: [], answer: {} });
  });
});
