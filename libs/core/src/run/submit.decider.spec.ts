import { messageIds, RunScenario } from '../testing/run-scenario';

const utf8 = new TextEncoder();

/** What a submission was answered with, item by item. */
const answers = (decision: ReturnType<RunScenario['submit']>): readonly object[] =>
  'accepted' in decision ? decision.answer.items : [];

const DUPLICATE = { deduplicated: true };
const FIRST = { deduplicated: false };

describe('starting a run', () => {
  it('logs the payload and owes its delivery and a row', () => {
    const run = new RunScenario();
    const decision = run.start({ labels: ['a'] });
    expect(answers(decision)).toEqual([{ messageId: 'msg_1', ...FIRST }]);
    expect(run.history.flatMap((entry) => entry.events.map((event) => event.type))).toEqual(['RunStarted']);
    expect(run.run).toMatchObject({ status: 'running', createdAt: run.at, version: 1 });
    expect([...run.run.owed]).toEqual([
      ['run-wfr_1:1:0', { type: 'WriteRow' }],
      ['run-wfr_1:1:1', { type: 'Deliver', messageId: 'msg_1', attempt: 0 }],
    ]);
    expect(run.history[0]?.events[0]?.bodies).toEqual([utf8.encode('{"hello":"world"}')]);
  });

  it('refuses a batch that starts a run and continues it, and one that says nothing', () => {
    const run = new RunScenario();
    expect(run.submit([startItem(), stepItem(1)], [])).toMatchObject({ refused: 'INVALID_BODY' });
    expect(run.submit([], [])).toMatchObject({ refused: 'INVALID_BODY' });
    expect(run.history).toEqual([]);
  });

  it('stays quiet when the same ask comes again, and answers it as the first time (B3)', () => {
    const run = new RunScenario();
    const first = run.start({}, { messageId: 'msg_a' }, 'ask-1');
    const again = run.start({}, { messageId: 'msg_a' }, 'ask-1');
    expect(again).toEqual({ accepted: [], answer: 'answer' in first ? first.answer : undefined });
  });

  it('makes no second run of a second ask: it is told the first one’s message', () => {
    const run = new RunScenario();
    run.start();
    const other = run.start({ labels: ['other'] }, {}, 'ask-2');
    expect(other).toMatchObject({ accepted: [], answer: { items: [{ messageId: 'msg_1', ...DUPLICATE }] } });
    run.finish('1');
    expect(run.start({}, {}, 'ask-3')).toMatchObject({ accepted: [], answer: { items: [DUPLICATE] } });
    expect(run.run.start.config.labels).toEqual([]);
  });

  it('answers two starts in one batch alike, the first time and when asked again', () => {
    const run = new RunScenario();
    const [one, two] = [startItem('msg_a'), startItem('msg_b')];
    const first = answers(run.submit([one, two], [], 'ask-1'));
    expect(first).toEqual([
      { messageId: 'msg_a', ...FIRST },
      { messageId: 'msg_a', ...DUPLICATE },
    ]);
    expect(answers(run.submit([one, two], [], 'ask-1'))).toEqual(first);
  });

  it('waits for its delay, or for its not-before, which wins; a past one is no wait', () => {
    const delayed = new RunScenario();
    delayed.start({}, { delayMs: 5_000 });
    expect(delayed.open()).toMatchObject([{ phase: { waitingUntil: delayed.at + 5_000 } }]);
    expect(delayed.owed('SetTimer')).toEqual(['msg_1']);

    const both = new RunScenario();
    both.start({}, { delayMs: 5_000, notBeforeMs: 1_009_000 });
    expect(both.open()).toMatchObject([{ phase: { waitingUntil: 1_009_000 } }]);

    const past = new RunScenario();
    past.start({}, { notBeforeMs: 1 });
    expect(past.owed('Deliver')).toEqual(['msg_1']);
  });
});

describe('submitting a step', () => {
  it('logs a result and owes the delivery of its slice', () => {
    const run = started();
    const [messageId = ''] = messageIds(run.record(1));
    expect(run.run.entries.map((entry) => entry.messageId)).toEqual(['msg_1', messageId]);
    expect(run.open()).toMatchObject([{ messageId, kind: 'step', entry: 1, phase: 'sent' }]);
    expect(run.lastChanges).toEqual({
      owed: [{ effectId: 'run-wfr_1:2:0', obligation: { type: 'Deliver', messageId, attempt: 0 } }],
      settled: ['run-wfr_1:1:1'],
    });
  });

  it('logs plans as plans, in their order', () => {
    const run = started();
    const plans = messageIds(run.plan(1, 3));
    expect(run.history.at(-1)?.events.map((event) => event.type)).toEqual(Array(3).fill('StepPlanned'));
    expect(run.open().map((each) => each.messageId)).toEqual(plans);
    expect(run.run.steps.get(2)?.group).toEqual({ first: 1, size: 3, planned: 3, done: 0 });
  });

  it('logs a delayed result where it was submitted and delivers it later (8.2)', () => {
    const run = started();
    const [messageId = ''] = messageIds(run.record(1, { stepType: 'SleepFor' }, { delayMs: 1_000 }));
    expect(run.run.entries).toHaveLength(2);
    expect(run.open()).toMatchObject([{ messageId, phase: { waitingUntil: run.at + 1_000 } }]);
    expect(run.owed('SetTimer')).toEqual([messageId]);
    expect(run.owed('Deliver')).toEqual([]);
  });

  it('delays a plan alone, not its siblings', () => {
    const run = started();
    const items = [1, 2].map((target) => ({
      ...stepItem(0, target),
      ...(target === 1 ? { notBeforeMs: 2_000_000 } : {}),
    }));
    run.submit(items, []);
    expect(run.open().map((each) => each.phase)).toEqual([{ waitingUntil: 2_000_000 }, 'sent']);
  });

  it('refuses after the end, and for a run that was never started (7.4)', () => {
    const never = new RunScenario();
    expect(never.record(1)).toMatchObject({ refused: 'RUN_ENDED' });
    const run = started();
    run.cancel();
    expect(run.record(1)).toMatchObject({ refused: 'RUN_ENDED' });
    expect(run.plan(1, 2)).toMatchObject({ refused: 'RUN_ENDED' });
    expect(run.call(1)).toMatchObject({ refused: 'RUN_ENDED' });
    expect(run.history).toHaveLength(2);
  });

  it('stays quiet on a duplicate and tells the first one’s message, even long after', () => {
    const run = started();
    const [first] = messageIds(run.record(1));
    run.record(2);
    const history = run.history.length;
    expect(answers(run.record(1))).toEqual([{ messageId: first, ...DUPLICATE }]);
    expect(run.history).toHaveLength(history);
  });

  it('stays quiet when the same ask comes again, and answers it as the first time (B3)', () => {
    const run = started();
    const items = [stepItem(0, 1), stepItem(0, 2)];
    const first = answers(run.submit(items, []));
    expect(first).toEqual(items.map(({ messageId }) => ({ messageId, ...FIRST })));
    const again = run.submit(items, []);
    expect(again).toMatchObject({ accepted: [] });
    expect(answers(again)).toEqual(first);
  });

  it('tells a plan from its result, and takes only what is new of a batch', () => {
    const run = started();
    const [plan] = messageIds(run.plan(1, 2));
    const result = run.record(1, { concurrent: 2 });
    expect(answers(result)).toMatchObject([FIRST]);
    const mixed = run.submit([stepItem(0, 1), stepItem(2)], []);
    expect(answers(mixed)).toMatchObject([{ messageId: plan, ...DUPLICATE }, FIRST]);
    expect(run.history.at(-1)?.events).toHaveLength(1);
  });

  it('takes the first of two that say the same in one batch', () => {
    const run = started();
    const [one, two] = [stepItem(1), stepItem(1)];
    expect(answers(run.submit([one, two], []))).toEqual([
      { messageId: one.messageId, ...FIRST },
      { messageId: one.messageId, ...DUPLICATE },
    ]);
    expect(run.run.entries).toHaveLength(2);
  });

  it('keeps the configuration of a client that repeats it, and drops it where the trigger’s counts (5.2)', () => {
    const run = started();
    run.record(1, {}, { features: ['LazyFetch'], config: { forwards: [], labels: [], retries: 7 } });
    run.record(2, {}, { config: { forwards: [], labels: [], retries: 9 } });
    expect(run.run.entries.map((entry) => ('runId' in entry.data ? 'start' : entry.data.config?.retries))).toEqual([
      'start',
      7,
      undefined,
    ]);
  });

  it('keeps a body that is a blob where it lies (L5)', () => {
    const run = started();
    const blob = { blob: 'ab12', sizeBytes: 300_000 };
    run.submit([stepItem(1)], [blob]);
    expect(run.run.entries[1]?.place.body).toEqual(blob);
    expect(run.history.at(-1)?.events[0]?.bodies).toEqual([]);
  });
});

describe('submitting a call', () => {
  it('owes the call, and nothing else until it is answered', () => {
    const run = started();
    const [messageId = ''] = messageIds(run.call(1));
    expect(run.owed('CallOut')).toEqual([messageId]);
    expect(run.open()).toMatchObject([{ messageId, kind: 'call', url: 'http://third.party/', owesFollowUp: false }]);
    expect(run.run.entries).toHaveLength(1);
  });

  it('stays quiet on a duplicate: same call, after the answer, after the result', () => {
    const run = started();
    const [call = ''] = messageIds(run.call(1));
    const again = (): unknown => answers(run.call(1));
    expect(again()).toEqual([{ messageId: call, ...DUPLICATE }]);
    run.report(call);
    expect(again()).toEqual([{ messageId: call, ...DUPLICATE }]);
    run.record(1, { stepType: 'Call' });
    expect(again()).toEqual([{ messageId: call, ...DUPLICATE }]);
    expect(run.history).toHaveLength(4);
  });

  it('is told from the result of its step inside one batch, and is over when that is in the log', () => {
    const run = started();
    const call = callItem(1);
    expect(answers(run.submit([call, callItem(1), stepItem(1)], []))).toMatchObject([
      FIRST,
      { messageId: call.messageId, ...DUPLICATE },
      FIRST,
    ]);
    expect(run.open()).toMatchObject([{ kind: 'step', owesFollowUp: true }]);
    // What an entry brings and ends is never sent.
    expect(run.lastChanges.owed).toMatchObject([{ obligation: { type: 'Deliver' } }]);
    expect(run.report(call.messageId)).toMatchObject({ accepted: [] });
  });

  it('waits for its delay', () => {
    const run = started();
    const [call] = messageIds(run.call(1, 1, { delayMs: 60_000 }));
    expect(run.owed('SetTimer')).toEqual([call]);
    expect(run.owed('CallOut')).toEqual([]);
  });
});

function started(): RunScenario {
  const run = new RunScenario();
  run.start();
  return run;
}

let items = 0;

function base(messageId = `item_${++items}`) {
  return {
    messageId,
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [],
    features: ['WF_TriggerOnConfig'],
    body: 0,
  };
}

function startItem(messageId?: string) {
  return { ...base(messageId), kind: 'start' as const, config: { forwards: [], labels: [] }, callerIp: '' };
}

function stepItem(stepId: number, targetStep?: number) {
  const step = {
    stepId,
    stepName: 's',
    stepType: 'Run',
    concurrent: 2,
    ...(targetStep === undefined ? {} : { targetStep }),
  };
  return { ...base(), kind: 'step' as const, step, config: { forwards: [], labels: [] } };
}

function callItem(stepId: number) {
  const callback = {
    url: 'http://app/api',
    forwards: [],
    stepId,
    stepName: 's',
    stepType: 'Call',
    concurrent: 1,
    settings: {},
  };
  return { ...base(), kind: 'call' as const, settings: {}, callback };
}
