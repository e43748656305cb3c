import type { TriggerConfig } from '../wire/submission';
import { messageIds, RunScenario } from '../testing/run-scenario';
import { isWanted } from './attempt.decider';
import type { RunEvent } from './run.events';

const utf8 = new TextEncoder();
const FAILED = { status: 500, body: utf8.encode('{"error":"Error","message":"oh"}') };
const NOT_RETRYABLE: Parameters<RunScenario['report']>[1] = {
  status: 489,
  headers: [['upstash-nonretryable-error', 'true']],
};

function started(config: Partial<TriggerConfig> = {}): RunScenario {
  const run = new RunScenario();
  run.start(config);
  return run;
}

const lastEvent = (run: RunScenario): RunEvent | undefined => run.history.at(-1)?.events.at(-1);
const typesOf = (run: RunScenario): string[] => run.history.flatMap((entry) => entry.events.map(({ type }) => type));

/** Lets the wait of a message pass. */
function elapse(run: RunScenario, messageId: string): void {
  const delivery = run.run.deliveries.get(messageId);
  if (typeof delivery?.phase !== 'object') throw new Error(`${messageId} does not wait`);
  run.at = delivery.phase.waitingUntil;
  run.due(messageId, delivery.attempt);
}

describe('a delivery that was answered 2xx', () => {
  it('is over without an event of its own when its follow-up is stored (L7)', () => {
    const run = started();
    run.record(1);
    expect(run.report('msg_1')).toEqual({ accepted: [], answer: {} });
    expect(typesOf(run)).toEqual(['RunStarted', 'StepRecorded']);
  });

  it('is a success to be written lazily when it owes nothing', () => {
    const run = started();
    run.plan(1, 2);
    const [discarded = ''] = messageIds(run.record(1, { concurrent: 2 }));
    expect(run.report(discarded)).toEqual({ accepted: [], answer: {}, succeeded: [discarded] });
    expect(run.run.deliveries.has(discarded)).toBe(false);
    expect(run.report(discarded)).toEqual({ accepted: [], answer: {} });
  });

  it('is a failed attempt when it owed a follow-up and nothing came', () => {
    const run = started();
    run.report('msg_1');
    expect(lastEvent(run)).toMatchObject({
      type: 'AttemptFailed',
      data: {
        messageId: 'msg_1',
        attempt: 0,
        counted: true,
        result: { status: 200, error: { code: 'NOTHING_FOLLOWED' } },
      },
    });
    expect(run.open()).toMatchObject([{ attempt: 1, retried: 1, phase: { waitingUntil: run.at + 12_000 } }]);
  });

  it('counts as delivered when the follow-up came late, whatever its connection did', () => {
    const run = started();
    run.report('msg_1', { error: { code: 'DELIVERY_TIMEOUT', message: 'too slow' } });
    run.record(1);
    expect(run.run.deliveries.has('msg_1')).toBe(false);
    expect(run.due('msg_1', 1)).toEqual({ accepted: [], answer: { done: true } });
  });
});

describe('a delivery that failed', () => {
  it('is tried again after the default backoff, each time later', () => {
    const run = started();
    const waits = [1, 2, 3].map(() => {
      const failedAt = run.at;
      run.report('msg_1', FAILED);
      elapse(run, 'msg_1');
      return run.at - failedAt;
    });
    expect(waits).toEqual([12_000, 148_000, 1_808_000]);
    expect(run.open()).toMatchObject([{ attempt: 3, retried: 3, phase: 'sent' }]);
    expect(run.run.failures.get('msg_1')?.map((each) => each.attempt)).toEqual([0, 1, 2]);
  });

  it('is tried again when the run’s expression says, unless the endpoint itself says (9.2)', () => {
    const run = started({ retryDelay: 'pow(2, retried) * 1000' });
    run.report('msg_1', FAILED);
    expect(run.open()).toMatchObject([{ phase: { waitingUntil: run.at + 1_000 } }]);
    elapse(run, 'msg_1');
    run.report('msg_1', FAILED);
    expect(run.open()).toMatchObject([{ phase: { waitingUntil: run.at + 2_000 } }]);
    elapse(run, 'msg_1');
    run.report('msg_1', { status: 429, headers: [['retry-after', '7']] });
    expect(run.open()).toMatchObject([{ phase: { waitingUntil: run.at + 7_000 } }]);
  });

  it('follows the configuration that a client repeats with its steps (5.2)', () => {
    const run = started({ retries: 9, retryDelay: '9000' });
    const own = { features: [], config: { forwards: [], labels: [], retries: 1, retryDelay: '500' } };
    const [step = ''] = messageIds(run.record(1, {}, own));
    run.report(step, FAILED);
    expect(run.open()).toMatchObject([{ phase: { waitingUntil: run.at + 500 } }]);
    elapse(run, step);
    run.report(step, FAILED);
    expect(lastEvent(run)).toMatchObject({ type: 'RunFailed', data: { retried: 1, maxRetries: 1 } });
  });

  it('fails the run when its retries are used up', () => {
    const run = started({ retries: 1 });
    run.report('msg_1', FAILED);
    elapse(run, 'msg_1');
    run.report('msg_1', FAILED);
    expect(lastEvent(run)).toMatchObject({
      type: 'RunFailed',
      data: { messageId: 'msg_1', retried: 1, maxRetries: 1, dlqId: expect.stringMatching(/^dlq_/) as string },
      bodies: [FAILED.body],
    });
    expect(run.run).toMatchObject({ status: 'failed', completedAt: run.at });
    expect(run.run.failures.get('msg_1')).toHaveLength(2);
    expect(run.open()).toEqual([]);
  });

  it('fails the run at once when it isn’t retryable, or no workflow (9.1, 5.6)', () => {
    const fatal = started();
    fatal.report('msg_1', NOT_RETRYABLE);
    expect(lastEvent(fatal)).toMatchObject({
      type: 'RunFailed',
      data: { result: { error: { code: 'NON_RETRYABLE' } } },
    });
    const half = started();
    half.report('msg_1', { status: 489 });
    expect(lastEvent(half)).toMatchObject({ type: 'AttemptFailed' });
    const foreign = started();
    foreign.report('msg_1', { headers: [] });
    expect(lastEvent(foreign)).toMatchObject({
      type: 'RunFailed',
      data: { result: { status: 200, error: { code: 'NON_WORKFLOW_DESTINATION' } } },
    });
  });

  it('looks for a workflow on the first delivery only, and only where the client asked for it', () => {
    const unasked = new RunScenario();
    unasked.start({}, { features: [] });
    unasked.report('msg_1', { headers: [] });
    expect(lastEvent(unasked)).toMatchObject({ type: 'AttemptFailed' });
    const later = started();
    const [step = ''] = messageIds(later.record(1));
    later.report(step, { headers: [] });
    expect(lastEvent(later)).toMatchObject({
      type: 'AttemptFailed',
      data: { result: { error: { code: 'NOTHING_FOLLOWED' } } },
    });
  });

  it('leaves something to read where no answer came', () => {
    const run = started({ retries: 0 });
    run.report('msg_1', { error: { code: 'CONNECTION_FAILED', message: 'refused' } });
    const [body] = lastEvent(run)?.bodies ?? [];
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ error: 'CONNECTION_FAILED', message: 'refused' });
  });

  it('keeps the beginning of an answer that another attempt follows, and the whole of the last', () => {
    const run = started({ retries: 1 });
    const long = new Uint8Array(40_000);
    run.report('msg_1', { status: 500, body: long });
    expect(lastEvent(run)?.bodies[0]).toHaveLength(16 * 1024);
    elapse(run, 'msg_1');
    run.report('msg_1', { status: 500, body: long });
    expect(lastEvent(run)?.bodies[0]).toHaveLength(40_000);
  });

  it('fails the run for a branch, and for a result that is only discarded', () => {
    const branch = started({ retries: 0 });
    const [plan = ''] = messageIds(branch.plan(1, 2));
    branch.report(plan, FAILED);
    expect(branch.run.status).toBe('failed');
    const discard = started({ retries: 0 });
    discard.plan(1, 2);
    const [result = ''] = messageIds(discard.record(2, { concurrent: 2 }));
    discard.report(result, FAILED);
    expect(discard.run.status).toBe('failed');
  });
});

describe('a report of an attempt that isn’t running', () => {
  it('changes nothing: late, twice, of a later attempt, of nobody', () => {
    const run = started();
    run.report('msg_1', FAILED);
    const history = run.history.length;
    for (const attempt of [0, 1, 2])
      expect(run.report('msg_1', { ...FAILED, attempt })).toEqual({ accepted: [], answer: {} });
    elapse(run, 'msg_1');
    expect(run.report('msg_1', { ...FAILED, attempt: 0 })).toEqual({ accepted: [], answer: {} });
    expect(run.report('msg_unknown', FAILED)).toEqual({ accepted: [], answer: {} });
    expect(run.history).toHaveLength(history + 1);
  });

  it('is not wanted (H2)', () => {
    const run = started();
    const wanted = (messageId: string, attempt: number): boolean => isWanted(run.state, { messageId, attempt });
    expect(wanted('msg_1', 0)).toBe(true);
    run.report('msg_1', FAILED);
    expect([wanted('msg_1', 0), wanted('msg_1', 1)]).toEqual([false, false]);
    elapse(run, 'msg_1');
    expect([wanted('msg_1', 0), wanted('msg_1', 1)]).toEqual([false, true]);
    run.cancel();
    expect(wanted('msg_1', 1)).toBe(false);
    expect(isWanted(undefined, { messageId: 'msg_1', attempt: 0 })).toBe(false);
  });
});

describe('a timer’s attempt', () => {
  it('is made when it is due', () => {
    const run = started();
    run.report('msg_1', FAILED);
    run.at += 12_000;
    expect(run.due('msg_1', 1)).toMatchObject({ answer: { done: true } });
    expect(lastEvent(run)).toMatchObject({ type: 'AttemptDue' });
    expect(run.open()).toMatchObject([{ phase: 'sent', since: run.at, attempt: 1 }]);
    expect(run.lastChanges.owed).toMatchObject([{ obligation: { type: 'Deliver', attempt: 1 } }]);
  });

  it('is put off when it asks too early, and hears by how much (T2)', () => {
    const run = started();
    run.report('msg_1', FAILED);
    run.at += 11_999;
    expect(run.due('msg_1', 1)).toEqual({ accepted: [], answer: { notYetMs: 1 } });
  });

  it('stays quiet when it was made, overtaken, stale, or the run has ended', () => {
    const run = started();
    run.report('msg_1', FAILED);
    run.at += 12_000;
    const done = { accepted: [], answer: { done: true } };
    expect(run.due('msg_1', 0)).toEqual(done);
    expect(run.due('msg_9', 1)).toEqual(done);
    run.due('msg_1', 1);
    expect(run.due('msg_1', 1)).toEqual(done);
    run.report('msg_1', FAILED);
    run.cancel();
    expect(run.due('msg_1', 2)).toEqual(done);
    expect(new RunScenario().due('msg_1', 0)).toEqual(done);
  });
});
