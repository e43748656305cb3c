import fc from 'fast-check';
import type { Mishap } from '../testing/run-mishaps';
import { anyMishap, anyProgram, assertPromises, endure } from '../testing/run-mishaps';
import type { Block } from '../testing/run-simulation';
import { RunSimulation, stepsOf } from '../testing/run-simulation';
import { hasEnded } from './run.state';

/*
 * Random workflows in a hostile world (testing/run-mishaps.ts). After every single thing that happens the state must hold what
 * run.state.ts promises, and in the end the run must have ended.
 */

const CONFIG = { retries: 20, retryDelay: '1000', failureCallback: { url: 'http://app/api', forwards: [] } };
const INVOKER = { runId: 'wfr_p', workflowUrl: 'u', runCreatedAt: 1, messageId: 'msg_i.wfr_p', startedAt: 2 };

/** `isAsked`: its library is asked to continue the start; else somebody has invoked it. */
function live(blocks: readonly Block[], mishaps: readonly Mishap[], isAsked: boolean): RunSimulation {
  const world = new RunSimulation(blocks);
  world.scenario.start(CONFIG, isAsked ? { restTrigger: 'ask' } : {}, 'ask', isAsked ? {} : { invoker: INVOKER });
  endure(world, mishaps);
  return world;
}

describe('any run in a hostile world', () => {
  it('keeps its promises at every moment, does each step once, and ends well in the end', () => {
    fc.assert(
      fc.property(anyProgram, fc.array(anyMishap, { maxLength: 80 }), fc.boolean(), (blocks, mishaps, isAsked) => {
        const world = live(blocks, mishaps, isAsked);
        expect(world.settleDown()).toBe(true);
        assertPromises(world);
        const { run } = world.scenario;
        expect(run.status).toBe('succeeded');
        const results = run.entries.flatMap(({ step }) => (step && step.targetStep === undefined ? [step.stepId] : []));
        expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: stepsOf(blocks) }, (_, index) => index + 1));
        expect(world.continuations.size).toBe(blocks.length + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('does the same steps in the same order whether they are submitted or in answers, in fewer entries', () => {
    fc.assert(
      fc.property(anyProgram, fc.boolean(), (blocks, isAsked) => {
        const [official, inline] = [false, true].map((inAnswers) => {
          const world = live(blocks, [], isAsked);
          expect(world.settleDown(inAnswers)).toBe(true);
          assertPromises(world);
          return world.scenario;
        });
        const logOf = (world = official) => world?.run.entries.map(({ step, messageId }) => ({ step, messageId }));
        expect(logOf(inline)).toEqual(logOf());
        expect([inline?.run.status, inline?.refolded()]).toEqual(['succeeded', inline?.state]);
        expect(inline?.history.length).toBeLessThanOrEqual(official?.history.length ?? 0);
      }),
      { numRuns: 100 },
    );
  });

  it('is the fold of its history, read back as JSON, at any moment', () => {
    fc.assert(
      fc.property(anyProgram, fc.array(anyMishap, { maxLength: 40 }), fc.boolean(), (blocks, mishaps, isAsked) => {
        const world = live(blocks, mishaps, isAsked);
        expect(world.scenario.refolded()).toEqual(world.scenario.state);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves nothing open when it is cancelled or fails, whatever comes after', () => {
    fc.assert(
      fc.property(
        anyProgram,
        fc.array(anyMishap, { maxLength: 40 }),
        fc.record({ what: fc.constantFrom('cancel' as const, 'refuse' as const), choice: fc.nat({ max: 1_000 }) }),
        fc.array(anyMishap, { maxLength: 40 }),
        fc.boolean(),
        (blocks, before, end, after, isAsked) => {
          const world = live(blocks, [...before, end, ...after], isAsked);
          expect(world.settleDown()).toBe(true);
          assertPromises(world);
          expect(hasEnded(world.scenario.run)).toBe(true);
          expect(world.scenario.refolded()).toEqual(world.scenario.state);
        },
      ),
      { numRuns: 100 },
    );
  });
});
