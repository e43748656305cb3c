import fc from 'fast-check';
import { messageIds, RunScenario } from '../../testing/run-scenario';

describe('which delivery a submission completes (L7)', () => {
  it('is the continuation after the steps before it, for a sequential step', () => {
    const run = new RunScenario();
    run.start();
    expect(run.open().map((each) => each.messageId)).toEqual(['msg_1']);
    const [first = ''] = messageIds(run.record(1));
    expect(run.open().map((each) => each.messageId)).toEqual([first]);
    const [second = ''] = messageIds(run.record(2));
    expect(run.open().map((each) => each.messageId)).toEqual([second]);
  });

  it('is the continuation for the plans of a group, and each plan for its own result', () => {
    const run = new RunScenario();
    run.start();
    run.record(1);
    const plans = messageIds(run.plan(2, 3));
    expect(run.open().map((each) => each.messageId)).toEqual(plans);
    run.record(3, { concurrent: 3 });
    expect(run.open().map((each) => each.messageId)).toEqual([plans[0], plans[2], expect.any(String)]);
  });

  it('is the callback for a call’s result, and nothing is completed twice', () => {
    const run = new RunScenario();
    run.start();
    const [callId = ''] = messageIds(run.call(1));
    expect(run.open()).toMatchObject([{ kind: 'call', messageId: callId }]);
    run.report(callId, { body: new TextEncoder().encode('answer') });
    expect(run.open()).toMatchObject([{ kind: 'callback', owesFollowUp: true }]);
    const [result = ''] = messageIds(run.record(1, { stepType: 'Call' }));
    expect(run.open()).toMatchObject([{ kind: 'step', messageId: result }]);
  });

  it('lets exactly one of a hundred branches continue, in whatever order they end', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 100 })
          .chain((size) =>
            fc.tuple(fc.constant(size), fc.shuffledSubarray([...Array(size).keys()], { minLength: size })),
          ),
        fc.integer({ min: 0, max: 3 }),
        ([size, order], before) => {
          const run = new RunScenario();
          run.start();
          for (let step = 1; step <= before; step += 1) run.record(step);
          const plans = messageIds(run.plan(before + 1, size));
          const results = order.map(
            (branch) => messageIds(run.record(before + 1 + branch, { concurrent: size }))[0] ?? '',
          );
          // Every plan is done; of the results only the last one logged owes a continuation.
          expect(run.open().some((each) => plans.includes(each.messageId))).toBe(false);
          const owing = run.open().filter((each) => each.owesFollowUp);
          expect(owing.map((each) => each.messageId)).toEqual([results.at(-1)]);
          for (const result of results.slice(0, -1)) run.report(result);
          expect(run.open()).toHaveLength(1);
          run.record(before + size + 1);
          expect(run.open()).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('counts a call inside a group as a branch', () => {
    const run = new RunScenario();
    run.start();
    const [planA = '', planB = ''] = messageIds(run.plan(1, 2, 'Call'));
    const [callA = ''] = messageIds(run.call(1, 2));
    expect(run.open().map((each) => each.messageId)).toEqual([planB, callA]);
    expect(planA).not.toBe('');
    run.report(callA);
    run.record(1, { stepType: 'Call', concurrent: 2 });
    const owing = run.open().filter((each) => each.owesFollowUp);
    expect(owing.map((each) => each.messageId)).toEqual([planB]);
    run.record(2, { concurrent: 2 });
    expect(run.open().filter((each) => each.owesFollowUp)).toHaveLength(1);
  });
});
