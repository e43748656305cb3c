import fc from 'fast-check';
import type { Mishap } from '../testing/run-mishaps';
import { anyMishap, anyProgram, assertPromises, endure, happen } from '../testing/run-mishaps';
import type { Block } from '../testing/run-simulation';
import { RunSimulation, stepsOf } from '../testing/run-simulation';
import { RunScenario } from '../testing/run-scenario';
import { copiesOf, partsOf, successorOf } from '../testing/successor-scenario';
import { idInOtherRun, idInRun } from '../wire/message-id';
import type { BodyPlace, Delivery } from './run.state';
import { hasEnded } from './run.state';

/*
 * Runs that fail anywhere, are resumed, and fail again (protocol.md 12). The successor must be what the failed run would have been had
 * its failure not come: the same log, pending what was pending, every retry still to come.
 */

const CONFIG = { retries: 20, retryDelay: '1000', failureCallback: { url: 'http://app/api', forwards: [] } };

interface Pending extends Pick<Delivery, 'kind' | 'url' | 'entry' | 'owesFollowUp'> {
  readonly messageId: string;
}

/** What a generation goes through: things that happen, its failure, things that happen afterwards; then it is copied. */
interface Generation {
  readonly before: readonly Mishap[];
  readonly failing: number;
  readonly after: readonly Mishap[];
  readonly partSizes: readonly number[];
}

const anyGeneration: fc.Arbitrary<Generation> = fc.record({
  before: fc.array(anyMishap, { maxLength: 30 }),
  failing: fc.nat({ max: 1_000 }),
  after: fc.array(anyMishap, { maxLength: 12 }),
  partSizes: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 }),
});

const pendingOf = (run: RunScenario): Pending[] =>
  run.open().map(({ messageId, kind, url, entry, owesFollowUp }) => ({
    ...{ messageId, kind, url, owesFollowUp },
    ...(entry === undefined ? {} : { entry }),
  }));

const bytesAt = (run: RunScenario, { version, event, body }: BodyPlace): Uint8Array | undefined =>
  'inline' in body ? run.history[version - 1]?.events[event]?.bodies[body.inline] : undefined;

/** Brings a running run to its failure. Returns what was pending; undefined when it ended before. */
function fail(world: RunSimulation, choice: number): Pending[] | undefined {
  for (let round = 0; round < 100 && !hasEnded(world.scenario.run); round += 1) {
    const mortal = world.sent.filter(({ kind }) => kind === 'step' || kind === 'callback');
    const victim = mortal[choice % Math.max(1, mortal.length)];
    if (victim) {
      const pending = pendingOf(world.scenario);
      happen(world, { what: 'refuse', choice: world.sent.indexOf(victim) });
      return pending;
    }
    for (const what of ['wake', 'succeed', 'endRequest'] as const) happen(world, { what, choice });
  }
  return undefined;
}

/** Copies the failed run, and looks at every part. */
function resume(failed: RunScenario, partSizes: readonly number[]): RunScenario {
  const copy = successorOf(failed);
  const parts = partsOf(copiesOf(failed), partSizes);
  parts.forEach((events, part) => {
    expect(copy.copyPart(part, failed.runId, events)).toMatchObject({ accepted: events });
    expect(copy.copyPart(part, failed.runId, events)).toMatchObject({ accepted: [] });
    copy.at += 3;
    if (part === parts.length - 1) return;
    expect(copy.lastChanges).toEqual({ owed: [], settled: [] });
    expect([copy.run.owed.size, copy.run.tells.size]).toEqual([0, 0]);
  });
  return copy;
}

function assertIsCopy(copy: RunScenario, failed: RunScenario, pending: readonly Pending[]): void {
  const own = (messageId: string): string => idInOtherRun(messageId, copy.runId);
  expect(copy.run.entries.map(({ messageId, step, index }) => [messageId, step, index])).toEqual(
    failed.run.entries.map(({ messageId, step, index }) => [own(messageId), step, index]),
  );
  for (const entry of copy.run.entries) {
    const source = failed.run.entries[entry.index];
    expect(bytesAt(copy, entry.place)).toEqual(source && bytesAt(failed, source.place));
  }
  expect([...copy.run.steps.keys()]).toEqual([...failed.run.steps.keys()]);
  expect(copy.run.frontier).toBe(failed.run.frontier);
  // Children that answered after the failure were logged only; now they are delivered as well.
  const known = new Set(pending.map(({ messageId }) => messageId));
  const late = failed.run.entries.filter(({ place }) => place.version > (failed.run.endedBy ?? Infinity));
  expect(late.some(({ messageId }) => known.has(messageId))).toBe(false);
  expect(
    pendingOf(copy)
      .map(({ messageId }) => messageId)
      .sort(),
  ).toEqual([...known, ...late.map(({ messageId }) => messageId)].map(own).sort());
  for (const { messageId, ...each } of pending) {
    expect(copy.run.deliveries.get(own(messageId))).toMatchObject({ ...each, retried: 0 });
  }
  for (const delivery of copy.open()) {
    const data = copy.run.entries[delivery.entry ?? -1]?.data ?? copy.run.calls.get(delivery.messageId)?.data;
    const completedAt = copy.history.at(-1)?.at ?? 0;
    const dueAt = data?.notBeforeMs ?? 0;
    expect(delivery.phase).toEqual(dueAt > completedAt ? { waitingUntil: dueAt } : 'sent');
  }
  expect(copy.run.failures.size).toBe(0);
  expect(copy.run.status).toBe('running');
}

/** Fails and is copied. Undefined when it ended before it could fail. */
function live(world: RunSimulation, generation: Generation, program: readonly Block[], successor: string) {
  endure(world, generation.before);
  const pending = fail(world, generation.failing);
  const { scenario } = world;
  if (!pending || scenario.run.status !== 'failed') return undefined;
  endure(world, generation.after);
  scenario.takeOver('resume', {}, { successor });
  const copy = resume(scenario, generation.partSizes);
  assertIsCopy(copy, scenario, pending);
  for (const { kind, messageId } of world.requests) {
    const moved = kind === 'invoke' ? { movedTo: successor } : { done: true };
    const answer = kind === 'invoke' ? scenario.childEnded(messageId, '1') : scenario.waitEnded(messageId, '1');
    expect(answer).toMatchObject({ accepted: [], answer: moved });
  }
  assertPromises(world);
  const next = new RunSimulation(program, copy);
  assertPromises(next);
  return next;
}

describe('a run that fails anywhere, and is resumed', () => {
  it.each([
    ['with ids that name their run', (n: number) => idInRun('msg', `m${n}`, 'wfr_0')],
    ['with ids of before', (n: number) => `msg_${n}`],
  ])('goes on where it failed, however often, and ends well in the end (%s)', (_name, messageIdOf) => {
    let resumptions = 0;
    fc.assert(
      fc.property(
        anyProgram,
        fc.array(anyGeneration, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (program, generations, isAsked) => {
          let world = new RunSimulation(program, new RunScenario('wfr_0', 1_000_000, messageIdOf));
          world.scenario.start(CONFIG, isAsked ? { restTrigger: 'ask' } : {});
          generations.forEach((generation, index) => {
            if (hasEnded(world.scenario.run)) return;
            const next = live(world, generation, program, `wfr_${index + 1}`);
            if (!next) return;
            resumptions += 1;
            world = next;
          });
          if (world.scenario.run.status === 'failed') return;
          expect(world.settleDown()).toBe(true);
          assertPromises(world);
          const { run } = world.scenario;
          expect(run.status).toBe('succeeded');
          const results = run.entries.flatMap(({ step }) =>
            step && step.targetStep === undefined ? [step.stepId] : [],
          );
          expect(results.sort((a, b) => a - b)).toEqual(
            Array.from({ length: stepsOf(program) }, (_, index) => index + 1),
          );
          expect(world.scenario.refolded()).toEqual(world.scenario.state);
        },
      ),
      { numRuns: 50 },
    );
    expect(resumptions).toBeGreaterThan(40);
  });

  it('has the results of children that know the failed run alone', () => {
    fc.assert(
      fc.property(anyGeneration, fc.nat({ max: 5 }), (generation, choice) => {
        const program: Block[] = [{ kind: 'group', branches: ['invoke', 'run', 'invoke'] }];
        const world = new RunSimulation(program);
        world.scenario.start(CONFIG);
        // The client plans the group, and invokes twice; the branch between is what fails.
        const before = [0, 0, 1].map((each) => ({ what: 'actAndSayNothing' as const, choice: each }));
        const next = live(world, { ...generation, before }, program, 'wfr_2');
        if (!next) throw new Error('it did not fail');
        const known = [...world.scenario.run.invokes.keys()];
        for (const messageId of known) next.scenario.childEnded(messageId, `${choice}`);
        expect(next.requests.filter(({ kind }) => kind === 'invoke')).toEqual([]);
        for (const messageId of known) {
          expect(next.scenario.childEnded(messageId, 'again')).toMatchObject({ accepted: [] });
        }
        assertPromises(next);
        expect(next.settleDown()).toBe(true);
        expect(next.scenario.run.status).toBe('succeeded');
      }),
      { numRuns: 30 },
    );
  });
});
