import fc from 'fast-check';
import { messageIds, RunScenario } from '../testing/run-scenario';
import { hasEnded } from './run.state';

/** No workflow client's header: who answers so needs none. */
const PLAIN = { headers: [] };

function started(): RunScenario {
  const run = new RunScenario();
  run.start();
  return run;
}

const typesOf = (run: RunScenario, entry = -1): string[] => run.history.at(entry)?.events.map(({ type }) => type) ?? [];
const resultOf = (run: RunScenario): unknown => {
  const last = run.history.at(-1)?.events.at(-1);
  return last?.type === 'AttemptFailed' || last?.type === 'RunFailed' ? last.data.result : undefined;
};

describe('an answer with steps', () => {
  it('is one entry: what it submits, and with it the delivery is over', () => {
    const run = started();
    run.answer('msg_1', () => run.record(1), PLAIN);
    expect(run.history).toHaveLength(2);
    expect(typesOf(run)).toEqual(['StepRecorded']);
    expect(run.open().map(({ messageId, phase }) => [messageId, phase])).toEqual([['msg_2', 'sent']]);
    expect(run.lastChanges.settled).toEqual(['run-wfr_1:1:1']);
  });

  it('may hold several steps and the end: no delivery between them is ever made', () => {
    const run = started();
    run.answer('msg_1', () => {
      run.record(1);
      run.record(2);
      run.finish('"done"');
    });
    expect(typesOf(run)).toEqual(['StepRecorded', 'StepRecorded', 'RunFinished']);
    expect(run.run.status).toBe('succeeded');
    expect(run.run.entries).toHaveLength(3);
    expect(run.open()).toEqual([]);
    expect(run.lastChanges.owed.map(({ obligation }) => obligation.type)).toEqual(['WriteRow', 'Announce']);
    expect(run.run.result).toMatchObject({ event: 2, body: { sizeBytes: 6 } });
  });

  it('may end the run without a result', () => {
    const run = started();
    run.answer('msg_1', () => run.finish());
    expect(run.run).toMatchObject({ status: 'succeeded' });
    expect(run.run.result).toBeUndefined();
  });

  it('plans, runs its branches and their join like any other', () => {
    const run = started();
    run.answer('msg_1', () => run.plan(1, 2));
    expect(run.open().map(({ messageId }) => messageId)).toEqual(['msg_2', 'msg_3']);
    run.answer('msg_2', () => run.record(1, { concurrent: 2 }));
    run.answer('msg_3', () => run.record(2, { concurrent: 2 }));
    const [discarded, last] = run.open();
    expect([discarded?.owesFollowUp, last?.owesFollowUp]).toEqual([false, true]);
    expect(run.answer(discarded?.messageId ?? '', () => undefined)).toEqual({
      accepted: [],
      answer: {},
      succeeded: [discarded?.messageId],
    });
  });

  it('asks for calls and invokes', () => {
    const run = started();
    run.answer('msg_1', () => run.call(1));
    expect(run.owed('CallOut')).toEqual(['msg_2']);
    run.report('msg_2');
    run.record(1);
    const [step = ''] = run.open().map(({ messageId }) => messageId);
    run.answer(step, () => run.invoke(2));
    expect(run.tells()).toHaveLength(1);
    expect(run.open()).toEqual([]);
  });

  it('continues a start that its library was asked about', () => {
    const run = new RunScenario();
    run.start({}, { restTrigger: 'ask' });
    run.answer('msg_1', () => run.continueStart(), PLAIN);
    expect(typesOf(run)).toEqual(['StartContinued']);
    expect(run.open()).toMatchObject([{ messageId: 'msg_1', attempt: 1, retried: 0, phase: 'sent' }]);
  });

  it('may come from a delivery that owes nothing, which is over as well', () => {
    const run = started();
    run.plan(1, 2);
    const [discarded = ''] = messageIds(run.record(1, { concurrent: 2 }));
    run.answer(discarded, () => run.record(2, { concurrent: 2 }));
    expect(typesOf(run)).toEqual(['DeliveriesSucceeded', 'StepRecorded']);
    expect(run.run.deliveries.has(discarded)).toBe(false);
  });
});

describe('an answer that was repeated', () => {
  it('changes nothing after the first one', () => {
    const run = started();
    const act = (): unknown => run.record(1);
    run.answer('msg_1', act);
    expect(run.answer('msg_1', act)).toEqual({ accepted: [], answer: {} });
    run.finish();
    expect(run.answer('msg_1', act)).toEqual({ accepted: [], answer: {} });
    expect(run.history).toHaveLength(3);
  });

  it('changes nothing after what it says was submitted', () => {
    const run = started();
    run.record(1);
    expect(run.answer('msg_1', () => run.record(1))).toEqual({ accepted: [], answer: {} });
  });

  it('changes nothing when its attempt was given up, nor the next one’s', () => {
    const run = started();
    run.report('msg_1', { error: { code: 'DELIVERY_TIMEOUT', message: 'too slow' } });
    const [waiting] = run.open();
    const late = (): unknown => run.answer('msg_1', () => run.record(1), { attempt: 0 });
    expect(late()).toEqual({ accepted: [], answer: {} });
    run.at = typeof waiting?.phase === 'object' ? waiting.phase.waitingUntil : 0;
    run.due('msg_1', 1);
    expect(late()).toEqual({ accepted: [], answer: {} });
    run.answer('msg_1', () => run.record(1));
    expect(typesOf(run)).toEqual(['StepRecorded']);
  });
});

describe('an answer that is refused is a failed attempt, and nothing of it is recorded', () => {
  it.each<[what: string, act: (run: RunScenario) => void]>([
    ['nothing', () => undefined],
    ['a step of somebody else', (run) => run.record(7)],
    ['a start', (run) => run.start()],
  ])('when it holds %s', (_what, act) => {
    const run = started();
    run.answer('msg_1', () => {
      act(run);
    });
    expect(typesOf(run)).toEqual(['AttemptFailed']);
    expect(resultOf(run)).toMatchObject({ status: 200, error: { code: 'NOTHING_FOLLOWED' } });
    expect(run.run.entries).toHaveLength(1);
    expect(run.open()).toMatchObject([{ messageId: 'msg_1', attempt: 1, retried: 1 }]);
  });

  it('when all of it is known already, and the delivery was for something else', () => {
    const run = started();
    run.record(1);
    run.answer('msg_2', () => run.record(1));
    expect(resultOf(run)).toMatchObject({ error: { code: 'NOTHING_FOLLOWED' } });
  });

  it('and when the retries are used up the run has failed, with the reason as its text', () => {
    const run = new RunScenario();
    run.start({ retries: 0 });
    run.answer('msg_1', () => undefined);
    expect(run.run.status).toBe('failed');
    expect(new TextDecoder().decode(run.history.at(-1)?.events.at(-1)?.bodies[0])).toContain('NOTHING_FOLLOWED');
  });
});

it('completes its delivery also when it gets there by a detour', () => {
  const run = started();
  run.record(2);
  run.answer('msg_1', () => {
    run.record(4);
    run.record(1);
  });
  expect(typesOf(run)).toEqual(['DeliveriesSucceeded', 'StepRecorded', 'StepRecorded']);
  expect(run.run.deliveries.has('msg_1')).toBe(false);
  expect(hasEnded(run.run)).toBe(false);
});

it('is not looked for in answers of anything but steps', () => {
  const run = started();
  run.call(1);
  run.report('msg_2');
  const [callback = ''] = run.open().map(({ messageId }) => messageId);
  run.answer(callback, () => run.record(1));
  expect(resultOf(run)).toMatchObject({ error: { code: 'NOTHING_FOLLOWED' } });
});

describe('whatever an endpoint answers with', () => {
  const stepId = fc.integer({ min: 1, max: 6 });
  const size = fc.integer({ min: 1, max: 3 });
  const item = fc.oneof(
    fc.record({ what: fc.constantFrom('record', 'call', 'invoke'), stepId, size }),
    fc.record({ what: fc.constantFrom('plan', 'wait', 'start', 'finish'), stepId, size }),
  );
  const answers = fc.array(fc.record({ to: fc.nat(20), items: fc.array(item, { maxLength: 5 }) }), { maxLength: 12 });

  const act = (run: RunScenario, { what, stepId, size }: { what: string; stepId: number; size: number }): unknown => {
    switch (what) {
      case 'record':
        return run.record(stepId, { concurrent: size });
      case 'call':
        return run.call(stepId, size);
      case 'invoke':
        return run.invoke(stepId);
      case 'plan':
        return run.plan(stepId, size);
      case 'wait':
        return run.wait(stepId);
      case 'start':
        return run.continueStart();
      default:
        // Or else hardly anything would come after it.
        return size === 3 && run.finish('1');
    }
  };

  it('the attempt is over at once, what is owed is what was emitted, and its history folds to the same', () => {
    fc.assert(
      fc.property(answers, fc.boolean(), (all, isAsked) => {
        const run = new RunScenario();
        run.start({ retries: 100 }, isAsked ? { restTrigger: 'ask' } : {});
        for (const { to, items } of all) {
          const steps = run.open().filter(({ kind }) => kind === 'step');
          const delivery = steps[to % Math.max(1, steps.length)];
          if (!delivery) break;
          const { messageId, attempt } = delivery;
          if (typeof delivery.phase === 'object') {
            run.at = delivery.phase.waitingUntil;
            run.due(messageId, attempt);
          }
          run.answer(messageId, () => {
            for (const each of items) act(run, each);
          });
          expect(run.run.deliveries.get(messageId)?.attempt).not.toBe(attempt);
          expect(run.run.owed).toEqual(run.unsettled);
        }
        expect(run.refolded()).toEqual(run.state);
      }),
      { numRuns: 500 },
    );
  });
});
