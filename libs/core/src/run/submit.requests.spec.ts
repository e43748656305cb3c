import type { WaitSubmission } from '../wire/submission';
import { messageIds, RunScenario } from '../testing/run-scenario';

const utf8 = new TextEncoder();
const DUPLICATE = { deduplicated: true };
const FIRST = { deduplicated: false };

function started(): RunScenario {
  const run = new RunScenario();
  run.start();
  return run;
}

const answers = (decision: ReturnType<RunScenario['submit']>): readonly object[] =>
  'accepted' in decision ? decision.answer.items : [];
const awaits = (decision: ReturnType<RunScenario['submit']>): readonly string[] =>
  ('accepted' in decision ? decision.awaits : undefined) ?? [];

describe('submitting a wait (8.4)', () => {
  it('completes the delivery it came from, and is to be registered in its mailbox', () => {
    const run = started();
    const [wait = ''] = messageIds(run.wait(1, { eventId: 'paid', timeoutMs: 5_000 }));
    expect(run.open()).toEqual([]);
    expect(run.run.entries).toHaveLength(1);
    expect(run.lastChanges).toEqual({
      owed: [
        {
          effectId: 'run-wfr_1:2:0',
          obligation: { type: 'TellStream', tell: { kind: 'register-waiter', messageId: wait } },
        },
      ],
      settled: ['run-wfr_1:1:1'],
    });
    expect(run.run.waits.get(wait)?.data).toMatchObject({
      eventId: 'paid',
      timeoutMs: 5_000,
      deadlineAt: run.at + 5_000,
      stepText: '{"stepId":1,"stepName":"step 1","stepType":"Wait","concurrent":1}',
    });
    expect([...run.run.mailboxes]).toEqual(['paid']);
    expect(run.history.at(-1)?.events[0]?.bodies).toEqual([]);
  });

  it('is answered when its mailbox has it, the first time and every other (L4)', () => {
    const run = started();
    const first = run.wait(1, { messageId: 'msg_w' });
    expect(awaits(first)).toEqual(['register-waiter:msg_w']);
    expect([...run.run.tells]).toEqual([['register-waiter:msg_w', 'run-wfr_1:2:0']]);
    const again = run.wait(1);
    expect(answers(again)).toEqual([{ messageId: 'msg_w', ...DUPLICATE }]);
    expect(again).toMatchObject({ accepted: [], awaits: ['register-waiter:msg_w'] });
  });

  it('is answered as the first time when the same ask comes again (B3)', () => {
    const run = started();
    const first = answers(run.wait(1, { messageId: 'msg_w' }));
    expect(answers(run.wait(1, { messageId: 'msg_w' }))).toEqual(first);
    expect(run.history).toHaveLength(2);
  });

  it('is one wait when it comes twice in one batch, and another wait when it is another step', () => {
    const run = started();
    const items = [waitItem(1, 'a'), waitItem(1, 'b'), waitItem(2, 'c')];
    expect(answers(run.submit(items, [utf8.encode('{}')]))).toEqual([
      { messageId: 'a', ...FIRST },
      { messageId: 'a', ...DUPLICATE },
      { messageId: 'c', ...FIRST },
    ]);
    expect(run.tells()).toEqual(['register-waiter:a', 'register-waiter:c']);
  });

  it('stays quiet for a step that has its result, whoever gave it', () => {
    const run = started();
    const [wait = ''] = messageIds(run.wait(1));
    run.waitEnded(wait, 'x');
    expect(answers(run.wait(1))).toEqual([{ messageId: wait, ...DUPLICATE }]);
    const [second = ''] = messageIds(run.record(2));
    const late = run.wait(2);
    expect(answers(late)).toEqual([{ messageId: second, ...DUPLICATE }]);
    expect(run.tells()).toEqual([]);
    expect(run.history).toHaveLength(4);
  });

  it('is too late for a result in the same batch, and is over with one that follows it there', () => {
    const late = started();
    late.submit([stepItem(1, 'r'), waitItem(1, 'w')], [utf8.encode('{}')]);
    expect(late.history.at(-1)?.events.map(({ type }) => type)).toEqual(['StepRecorded']);
    expect(late.tells()).toEqual([]);
    const early = started();
    early.submit([waitItem(1, 'w'), stepItem(1, 'r')], [utf8.encode('{}')]);
    expect(early.history.at(-1)?.events.map(({ type }) => type)).toEqual(['WaitRequested', 'StepRecorded']);
    expect(early.tells()).toEqual([]);
    expect(early.lastChanges.owed).toMatchObject([{ obligation: { type: 'Deliver', messageId: 'r' } }]);
  });

  it('is refused after the end, and for a run that was never started (7.4)', () => {
    expect(new RunScenario().wait(1)).toMatchObject({ refused: 'RUN_ENDED' });
    const run = started();
    run.wait(1);
    run.cancel();
    expect(run.wait(1)).toMatchObject({ refused: 'RUN_ENDED' });
    expect(run.history).toHaveLength(3);
  });

  it('keeps what a client repeats for the result’s delivery, and drops it where the trigger’s counts (5.2)', () => {
    const config = { forwards: [], labels: [], retries: 7 };
    const repeating = started();
    const [own = ''] = messageIds(repeating.wait(1, { features: ['LazyFetch'], config }));
    repeating.waitEnded(own);
    expect(repeating.run.entries[1]?.data.config).toEqual(config);
    const other = started();
    const [wait = ''] = messageIds(other.wait(1, { config }));
    other.waitEnded(wait);
    expect(other.run.entries[1]?.data).not.toHaveProperty('config');
  });

  it('keeps of a step that is as large as a blob what the server knows', () => {
    const run = started();
    run.submit([waitItem(1, 'w')], [{ blob: 'ab', sizeBytes: 300_000 }]);
    expect(run.run.waits.get('w')?.data.stepText).toBe('{"stepId":1,"stepName":"s","stepType":"Wait","concurrent":1}');
  });

  it('lets the runner’s retries go unheard: it is delivered already', () => {
    const run = started();
    run.report('msg_1', { status: 500 });
    run.wait(1);
    expect(run.due('msg_1', 1)).toMatchObject({ accepted: [], answer: { done: true } });
    expect(run.report('msg_1')).toMatchObject({ accepted: [] });
  });
});

describe('submitting an invoke (8.7)', () => {
  it('completes the delivery it came from, and its child is to be started', () => {
    const run = started();
    const [invoke = ''] = messageIds(run.invoke(1, {}, 'wfr_kid'));
    expect(run.open()).toEqual([]);
    expect(run.lastChanges.owed).toEqual([
      {
        effectId: 'run-wfr_1:2:0',
        obligation: { type: 'TellStream', tell: { kind: 'start-child', messageId: invoke } },
      },
    ]);
    expect(run.history.at(-1)?.events[0]?.bodies).toEqual([utf8.encode('{"child":true}')]);
    expect(run.run.invokes.get(invoke)).toMatchObject({
      at: run.at,
      data: {
        stepText: '{"stepId":1,"stepName":"step 1","stepType":"Invoke","concurrent":1}',
        child: { runId: 'wfr_kid', destination: 'http://app/child', body: { inline: 0, sizeBytes: 14 } },
      },
      childPlace: { version: 2, event: 0, body: { inline: 0 } },
    });
  });

  it('starts the first child alone, however many ids retries make up', () => {
    const run = started();
    const first = run.invoke(1, { messageId: 'msg_i' }, 'wfr_one');
    expect(awaits(first)).toEqual(['start-child:msg_i']);
    const again = run.invoke(1, {}, 'wfr_two');
    expect(answers(again)).toEqual([{ messageId: 'msg_i', ...DUPLICATE }]);
    expect(again).toMatchObject({ accepted: [], awaits: ['start-child:msg_i'] });
    run.childEnded('msg_i');
    expect(answers(run.invoke(1, {}, 'wfr_three'))).toEqual([{ messageId: 'msg_i', ...DUPLICATE }]);
    expect([...run.run.invokes.values()].map(({ data }) => data.child.runId)).toEqual(['wfr_one']);
  });

  it('keeps a large payload of the child where it lies (L5), and its delay from the parent’s commit on', () => {
    const run = started();
    const child = { ...childOf(), delayMs: 4_000, body: 1 };
    const item = { ...stepItem(1, 'i'), kind: 'invoke' as const, child };
    run.submit([item], [utf8.encode('{}'), { blob: 'cd', sizeBytes: 9_000_000 }]);
    expect(run.run.invokes.get('i')?.data.child).toMatchObject({
      notBeforeMs: run.at + 4_000,
      body: { blob: 'cd', sizeBytes: 9_000_000 },
    });
  });

  it('is refused after the end (7.4)', () => {
    const run = started();
    run.finish();
    expect(run.invoke(1)).toMatchObject({ refused: 'RUN_ENDED' });
  });
});

describe('a wait and an invoke in a group (7.7)', () => {
  const grouped = (): { run: RunScenario; plans: string[] } => {
    const run = started();
    const plans = messageIds(run.planBranches(1, [{ stepType: 'Wait' }, { stepType: 'Invoke' }, { stepType: 'Run' }]));
    return { run, plans };
  };

  it('complete the delivery of their own plan, and no other', () => {
    const { run, plans } = grouped();
    const open = (): string[] => run.open().map(({ messageId }) => messageId);
    run.wait(1, { step: { concurrent: 3 } });
    expect(open()).toEqual(plans.slice(1));
    run.invoke(2, { step: { concurrent: 3 } });
    expect(open()).toEqual(plans.slice(2));
  });

  it.each([[[1, 2, 3]], [[1, 3, 2]], [[2, 1, 3]], [[2, 3, 1]], [[3, 1, 2]], [[3, 2, 1]]])(
    'join in the order %j: the last result goes on, the others are discarded',
    (order) => {
      const { run } = grouped();
      const [wait = ''] = messageIds(run.wait(1, { step: { concurrent: 3 } }));
      const [invoke = ''] = messageIds(run.invoke(2, { step: { concurrent: 3 } }));
      const results = order.map((step) => {
        if (step === 1) run.waitEnded(wait, 'w');
        else if (step === 2) run.childEnded(invoke, '1');
        else run.record(3, { concurrent: 3 });
        return run.run.entries.at(-1)?.messageId ?? '';
      });
      expect(run.open().map(({ messageId, owesFollowUp }) => [messageId, owesFollowUp])).toEqual(
        results.map((messageId, index) => [messageId, index === 2]),
      );
      for (const messageId of results.slice(0, 2)) {
        expect(run.report(messageId)).toMatchObject({ succeeded: [messageId] });
      }
      run.record(4);
      expect(run.open()).toMatchObject([{ entry: 7 }]);
    },
  );
});

let items = 0;

function base(messageId = `item_${++items}`) {
  return {
    messageId,
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [],
    features: ['WF_TriggerOnConfig'],
    config: { forwards: [], labels: [] },
    body: 0,
  };
}

function waitItem(stepId: number, messageId: string): WaitSubmission {
  const step = { stepId, stepName: 's', stepType: 'Wait', concurrent: 1 };
  return { ...base(messageId), kind: 'wait', step, eventId: 'e', timeoutMs: 1 };
}

function stepItem(stepId: number, messageId: string) {
  return {
    ...base(messageId),
    kind: 'step' as const,
    step: { stepId, stepName: 's', stepType: 'Run', concurrent: 1 },
  };
}

const childOf = () => ({ ...base('msg_c'), runId: 'wfr_c', callerIp: '' });
