import fc from 'fast-check';
import { messageIds, RunScenario } from '../testing/run-scenario';
import { assembleStepList, encodeStepEntry } from '../wire/step-entry';
import { sliceBytes } from './slice';

const bodyOf = (run: RunScenario, index: number): Uint8Array => {
  const place = run.run.entries[index]?.place;
  const event = place && run.history[place.version - 1]?.events[place.event];
  return (place && 'inline' in place.body && event?.bodies[place.body.inline]) || new Uint8Array();
};

/** The list as a delivery carries it. */
const encodedBytes = (run: RunScenario, last: number): number =>
  assembleStepList(
    run.run.entries
      .slice(0, last + 1)
      .map(({ messageId }, index) => encodeStepEntry({ messageId, callType: 'step', body: bodyOf(run, index) })),
  ).byteLength;

describe('the size of a step list (7.1)', () => {
  it('is known to the byte without assembling it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('wfr_1', 'wfr_AAAAAAAAAAAAAAAAAAAAA', 'a "quoted" id', 'ü'),
        fc.array(fc.nat({ max: 40 }), { maxLength: 8 }),
        (runId, sizes) => {
          const run = new RunScenario(runId, 1_000_000, (n) => `msg_${n}"\\ü.${runId}`);
          run.start();
          sizes.forEach((size, index) => {
            run.submit([{ ...stepItem(index + 1), messageId: `msg_"${index}.${runId}` }], [new Uint8Array(size)]);
          });
          run.run.entries.forEach((_, index) => {
            expect(sliceBytes(run.run, index)).toBe(encodedBytes(run, index));
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('counts plans and results, and nothing of calls, waits and invokes that have none', () => {
    const run = new RunScenario();
    run.start();
    run.planBranches(1, [{ stepType: 'Call' }, { stepType: 'Wait' }, { stepType: 'Invoke' }]);
    run.call(1, 3);
    const [wait = ''] = messageIds(run.wait(2, { step: { concurrent: 3 } }));
    run.invoke(3, { step: { concurrent: 3 } });
    expect(sliceBytes(run.run, 3)).toBe(encodedBytes(run, 3));
    run.waitEnded(wait, 'x'.repeat(1_000));
    expect(sliceBytes(run.run, 4)).toBe(encodedBytes(run, 4));
  });

  it('counts a body that is a blob', () => {
    const run = new RunScenario();
    run.start();
    const before = sliceBytes(run.run, 0);
    run.submit([stepItem(1)], [{ blob: 'ab', sizeBytes: 3_000_000 }]);
    expect(sliceBytes(run.run, 1) - before).toBe(
      4_000_000 + '{"messageId":"msg_s","body":"","callType":"step"},'.length,
    );
  });

  it('is nothing where there is no entry', () => {
    const run = new RunScenario();
    run.start();
    expect(sliceBytes(run.run, 1)).toBe(0);
  });
});

function stepItem(stepId: number) {
  return {
    kind: 'step' as const,
    messageId: 'msg_s',
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [],
    features: ['WF_TriggerOnConfig'],
    config: { forwards: [], labels: [] },
    step: { stepId, stepName: 's', stepType: 'Run', concurrent: 1 },
    body: 0,
  };
}
