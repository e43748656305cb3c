import type { RunTell } from '../messages/catalogue';
import { messageIds, RunScenario } from '../testing/run-scenario';
import type { RunEvent } from './run.events';
import { resultBody, told } from './told.decider';

const utf8 = new TextEncoder();
const DONE = { accepted: [], answer: { done: true } };

function waiting(...[more]: Parameters<RunScenario['wait']> extends [number, ...infer Rest] ? Rest : never) {
  const run = new RunScenario();
  run.start();
  const [wait = ''] = messageIds(run.wait(1, more));
  return { run, wait };
}

function invoking(...[more]: Parameters<RunScenario['invoke']> extends [number, ...infer Rest] ? Rest : never) {
  const run = new RunScenario();
  run.start();
  const [invoke = ''] = messageIds(run.invoke(1, more));
  return { run, invoke };
}

/** Two branches: an invoke, and a run that fails the whole. */
function failedWhileInvoking() {
  const run = new RunScenario();
  run.start({ retries: 0 });
  const [, second = ''] = messageIds(run.planBranches(1, [{ stepType: 'Invoke' }, { stepType: 'Run' }]));
  const [invoke = ''] = messageIds(run.invoke(1, { step: { concurrent: 2 } }));
  run.report(second, { status: 500 });
  return { run, invoke };
}

const lastEvent = (run: RunScenario): RunEvent | undefined => run.history.at(-1)?.events.at(-1);
/** The text of the step that was recorded last. */
const written = (run: RunScenario): string => new TextDecoder().decode(lastEvent(run)?.bodies[0]);

const STEP = '{"stepId":1,"stepName":"step 1","stepType":"Wait","concurrent":1';
const INVOKE = '{"stepId":1,"stepName":"step 1","stepType":"Invoke","concurrent":1';

describe('the end of a wait (8.4)', () => {
  it('is the step’s result, delivered as the wait said', () => {
    const { run, wait } = waiting({
      destination: 'http://app/wait',
      workflowUrl: 'http://app/w',
      forwards: [['x-own', '1']],
      contentType: 'text/plain',
      features: ['WF_TriggerOnConfig', 'F'],
    });
    run.at += 500;
    expect(run.waitEnded(wait, 'x')).toMatchObject({ answer: { done: true } });
    expect(run.history.at(-1)?.events).toEqual([
      {
        type: 'StepRecorded',
        data: {
          messageId: `${wait}_result`,
          destination: 'http://app/wait',
          workflowUrl: 'http://app/w',
          method: 'POST',
          contentType: 'text/plain',
          forwards: [['x-own', '1']],
          features: ['WF_TriggerOnConfig', 'F'],
          step: { stepId: 1, stepName: 'step 1', stepType: 'Wait', concurrent: 1 },
          body: { inline: 0, sizeBytes: written(run).length },
        },
        bodies: [expect.any(Uint8Array)],
      },
    ]);
    expect(run.open()).toMatchObject([
      { messageId: `${wait}_result`, kind: 'step', entry: 1, url: 'http://app/wait', owesFollowUp: true },
    ]);
  });

  it.each<[string, string | Uint8Array | null | undefined, string]>([
    ['a text', '{"a":"ü"}', `${STEP},"out":"eyJhIjoiw7wifQ==","waitEventId":"event"}`],
    ['bytes that are no text', new Uint8Array([255, 0, 1]), `${STEP},"out":"/wAB","waitEventId":"event"}`],
    ['an empty body', '', `${STEP},"out":"","waitEventId":"event"}`],
    ['no body', undefined, `${STEP},"waitEventId":"event"}`],
    ['nothing: it timed out', null, `${STEP},"waitTimeout":true,"waitEventId":"event"}`],
  ])('is written to the byte: %s', (_name, body, expected) => {
    const { run, wait } = waiting();
    run.waitEnded(wait, body);
    expect(written(run)).toBe(expected);
  });

  it('is written the same for a call of a webhook', () => {
    const { run, wait } = waiting();
    const outcome = { kind: 'webhook', body: 0 } as const;
    run.told({ kind: 'wait-ended', messageId: wait, eventId: 'evt_1', outcome }, '{"method":"PUT"}');
    expect(written(run)).toBe(`${STEP},"out":"eyJtZXRob2QiOiJQVVQifQ==","waitEventId":"evt_1"}`);
  });

  it('keeps fields that the client added, but none that would be taken for a result', () => {
    const fields = { zeta: [1, { ü: null }], out: null, waitTimeout: false, waitEventId: 'other', method: null };
    const timedOut = waiting({ fields });
    timedOut.run.waitEnded(timedOut.wait, null);
    expect(JSON.parse(written(timedOut.run))).toEqual({
      ...{ stepId: 1, stepName: 'step 1', stepType: 'Wait', concurrent: 1 },
      ...{ zeta: [1, { ü: null }], method: null, waitTimeout: true, waitEventId: 'event' },
    });
    const noticed = waiting({ fields });
    noticed.run.waitEnded(noticed.wait);
    expect(JSON.parse(written(noticed.run))).not.toHaveProperty('out');
    expect(JSON.parse(written(noticed.run))).not.toHaveProperty('waitTimeout');
  });

  it('goes to another URL when nothing came, if the client named one', () => {
    const late = waiting({ timeoutUrl: 'http://app/late' });
    late.run.waitEnded(late.wait, null);
    expect(late.run.open()).toMatchObject([{ url: 'http://app/late' }]);
    const came = waiting({ timeoutUrl: 'http://app/late' });
    came.run.waitEnded(came.wait, '1');
    expect(came.run.open()).toMatchObject([{ url: 'http://app/api' }]);
  });

  it('needs no registration any more, should it have come before that was answered', () => {
    const { run, wait } = waiting();
    expect(run.tells()).toEqual([`register-waiter:${wait}`]);
    run.waitEnded(wait, 'x');
    expect(run.tells()).toEqual([]);
    expect(run.run.tells.size).toBe(0);
    expect(run.lastChanges.settled).toEqual(['run-wfr_1:2:0']);
  });

  it('stays quiet when it comes twice, or with another outcome: the first one counts', () => {
    const { run, wait } = waiting();
    run.waitEnded(wait, 'x');
    const history = run.history.length;
    for (const body of ['x', 'y', undefined, null]) expect(run.waitEnded(wait, body)).toEqual(DONE);
    run.record(2);
    expect(run.waitEnded(wait, 'x')).toEqual(DONE);
    expect(run.history).toHaveLength(history + 1);
  });

  it('stays quiet for what the run doesn’t know, and for a run that doesn’t exist', () => {
    const { run } = waiting();
    expect(run.waitEnded('msg_other', 'x')).toEqual(DONE);
    expect(run.waitEnded('msg_1', 'x')).toEqual(DONE);
    expect(new RunScenario().waitEnded('msg_1', 'x')).toEqual(DONE);
  });

  it('stays quiet after the run’s end, whatever that was, also when another run has taken over', () => {
    const ends: ((run: RunScenario) => unknown)[] = [
      (run) => run.finish(),
      (run) => run.cancel(),
      (run) => run.report('msg_2', { status: 500 }),
      (run) => {
        run.report('msg_2', { status: 500 });
        run.takeOver('resume');
      },
    ];
    for (const end of ends) {
      const run = new RunScenario();
      run.start({ retries: 0 });
      run.planBranches(1, [{ stepType: 'Run' }, { stepType: 'Wait' }]);
      const [wait = ''] = messageIds(run.wait(2, { step: { concurrent: 2 } }));
      end(run);
      expect(run.run.status).not.toBe('running');
      expect(run.waitEnded(wait, 'x')).toEqual(DONE);
    }
  });

  it('stays quiet when its step was recorded otherwise', () => {
    const { run, wait } = waiting();
    run.record(1);
    expect(run.tells()).toEqual([]);
    expect(run.waitEnded(wait, 'x')).toEqual(DONE);
    expect(run.run.entries).toHaveLength(2);
  });
});

const ended = (messageId: string) =>
  ({ kind: 'child-ended', runId: 'wfr_1', messageId, childRunId: 'wfr_c', outcome: 'failed' }) as const;

describe('the end of a child (8.7)', () => {
  it.each([
    ['with its result', '{"ok":1}', 'succeeded', '{"body":"{\\"ok\\":1}","isFailed":false,"isCanceled":false'],
    ['without one', undefined, 'succeeded', '{"isFailed":false,"isCanceled":false'],
    ['with an empty one', '', 'succeeded', '{"body":"","isFailed":false,"isCanceled":false'],
    ['failed', undefined, 'failed', '{"isFailed":true,"isCanceled":false'],
    ['failed, whatever it carries', 'x', 'failed', '{"isFailed":true,"isCanceled":false'],
    ['cancelled', undefined, 'cancelled', '{"isFailed":false,"isCanceled":true'],
  ] as const)('is a text of JSON in the step’s: %s', (_name, result, outcome, out) => {
    const { run, invoke } = invoking();
    run.childEnded(invoke, result, outcome, 'wfr_kid');
    const text = `${out},"workflowRunId":"wfr_kid"}`;
    expect(written(run)).toBe(`${INVOKE},"out":${JSON.stringify(text)}}`);
    expect(lastEvent(run)).toMatchObject({ type: 'StepRecorded', data: { messageId: `${invoke}_result` } });
    expect(run.open()).toMatchObject([{ messageId: `${invoke}_result`, owesFollowUp: true }]);
    expect(run.tells()).toEqual([]);
  });

  it('is kept where it lies when it is large (L5)', () => {
    const { run, invoke } = invoking();
    const tell: RunTell = { ...ended(invoke), outcome: 'succeeded', result: 0 };
    const bytes = resultBody(run.run, tell, [utf8.encode('x'.repeat(300_000))]);
    expect(bytes?.byteLength).toBeGreaterThan(300_000);
    const blob = { blob: 'ab', sizeBytes: bytes?.byteLength ?? 0 };
    expect(told(run.run, tell, blob)).toMatchObject({ accepted: [{ data: { body: blob }, bodies: [] }] });
  });

  it('stays quiet the second time', () => {
    const { run, invoke } = invoking();
    run.childEnded(invoke, '1');
    expect(run.childEnded(invoke, undefined, 'failed')).toEqual(DONE);
    expect(run.childEnded('msg_other')).toEqual(DONE);
  });

  it('is told again to a run that isn’t there: it may be about to take over from the parent (12)', () => {
    expect(new RunScenario().childEnded('msg_i')).toEqual({ accepted: [], answer: { notYet: true } });
  });

  it('is logged when it comes after the end, and delivered to nobody', () => {
    const failed = failedWhileInvoking();
    const cancelled = invoking();
    cancelled.run.cancel();
    const finished = invoking();
    finished.run.finish('1');
    for (const { run, invoke } of [failed, cancelled, finished]) {
      const { status, completedAt } = run.run;
      run.at += 1;
      expect(run.childEnded(invoke, '1')).toMatchObject({ answer: { done: true } });
      expect(lastEvent(run)).toMatchObject({ type: 'StepRecorded' });
      expect(run.run.entries.at(-1)?.step?.stepId).toBe(1);
      expect(run.open()).toEqual([]);
      expect(run.lastChanges).toEqual({ owed: [], settled: [] });
      expect(run.run).toMatchObject({ status, completedAt });
      expect(run.childEnded(invoke, '1')).toEqual(DONE);
    }
  });

  it('is logged with a failed run whose letter was deleted, or that was started anew', () => {
    for (const how of ['delete', 'restart'] as const) {
      const { run, invoke } = failedWhileInvoking();
      if (how === 'delete') run.deleteDeadLetter();
      else run.takeOver('restart');
      expect(run.childEnded(invoke, '1')).toMatchObject({
        accepted: [{ type: 'StepRecorded' }],
        answer: { done: true },
      });
    }
  });

  it('is for the run that took over', () => {
    const { run, invoke } = failedWhileInvoking();
    run.takeOver('resume', {}, { successor: 'wfr_2' });
    const moved = { accepted: [], answer: { movedTo: 'wfr_2' } };
    expect(run.childEnded(invoke, '1')).toEqual(moved);
    expect(run.childEnded(invoke, '1')).toEqual(moved);
  });

  it('is told onward as well when it was recorded before: the one that told doesn’t know', () => {
    const { run, invoke } = failedWhileInvoking();
    run.childEnded(invoke, '1');
    run.takeOver('resume', {}, { successor: 'wfr_2' });
    expect(run.childEnded(invoke, '1')).toMatchObject({ accepted: [], answer: { movedTo: 'wfr_2' } });
  });

  it('is asked for again when there was nothing to record at first, and now there is', () => {
    const { run, invoke } = invoking();
    expect(told(run.run, ended(invoke), undefined)).toEqual({ accepted: [], answer: { notYet: true } });
  });
});
