import fc from 'fast-check';
import type { Block } from '../testing/run-simulation';
import { RunSimulation } from '../testing/run-simulation';
import type { Obligation, RunState } from './run.state';
import { hasEnded } from './run.state';

/*
 * Random workflows in a hostile world: attempts fail, time out after their submission or before, come twice and late; timers fire
 * early, twice and for nothing; the run may be cancelled at any moment. After every single thing that happens the state must hold
 * what run.state.ts promises, and in the end the run must have ended.
 */

const branch = fc.constantFrom('run' as const, 'sleep' as const, 'call' as const);
const block: fc.Arbitrary<Block> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'run' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sleep' as const), delayMs: fc.integer({ min: 0, max: 90_000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'call' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      branches: fc.array(branch, { minLength: 2, maxLength: 6 }),
    }),
  },
);
const program = fc.array(block, { maxLength: 6 });

const MISHAPS = {
  succeed: 12,
  actAndFail: 3,
  actAndSayNothing: 3,
  answerWithoutActing: 1,
  fail: 3,
  outage: 1,
  repeatSubmission: 4,
  repeatReport: 3,
  wake: 8,
  wakeEarly: 1,
  wakeForNothing: 1,
} as const;
type Mishap = keyof typeof MISHAPS | 'cancel' | 'refuse';

const mishap = fc.record({
  what: fc.oneof(
    ...Object.entries(MISHAPS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as Mishap) })),
  ),
  choice: fc.nat({ max: 1_000 }),
});

const OUTAGE = { status: 500, body: new TextEncoder().encode('{"error":"down","code":"UNAVAILABLE"}') };
const REFUSED = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };

function happen(world: RunSimulation, what: Mishap, choice: number): void {
  const { scenario, sent, open } = world;
  const delivery = sent[choice % Math.max(1, sent.length)];
  const waiting = open.filter((each) => typeof each.phase === 'object');
  const waiter = waiting[choice % Math.max(1, waiting.length)];
  const messageId = delivery?.messageId ?? '';
  switch (what) {
    case 'succeed':
      if (delivery) world.act(delivery);
      scenario.report(messageId);
      return;
    case 'actAndFail':
      if (delivery) world.act(delivery);
      scenario.report(messageId, { status: 500 });
      return;
    case 'actAndSayNothing':
      if (delivery) world.act(delivery);
      return;
    case 'answerWithoutActing':
      scenario.report(messageId);
      return;
    case 'fail':
      scenario.report(messageId, { error: { code: 'CONNECTION_FAILED', message: 'refused' } });
      return;
    case 'outage':
      scenario.report(messageId, OUTAGE);
      return;
    case 'refuse':
      scenario.report(messageId, REFUSED);
      return;
    case 'repeatSubmission':
      world.repeatSubmission(choice);
      return;
    case 'repeatReport': {
      const messages = [...scenario.run.entryByMessage.keys(), ...scenario.run.calls.keys()];
      scenario.report(messages[choice % messages.length] ?? '', {
        attempt: choice % 3,
        status: choice % 2 ? 200 : 500,
      });
      return;
    }
    case 'wake':
      if (waiter) world.wake(waiter);
      return;
    case 'wakeEarly':
      if (waiter) scenario.due(waiter.messageId, waiter.attempt);
      return;
    case 'wakeForNothing':
      scenario.due(messageId, choice % 3);
      return;
    case 'cancel':
      scenario.cancel();
      return;
  }
}

/** What must hold at every moment (run.state.ts 2 and 3, architecture.md section 4, E4). */
function check(world: RunSimulation): void {
  const { run, unsettled } = world.scenario;
  expect(run.owed).toEqual(unsettled);
  for (const delivery of run.deliveries.values())
    expect(run.owed.get(delivery.effectId)).toEqual(obligationOf(run, delivery.messageId));
  const attempts = [...run.owed.values()].flatMap((each) => ('messageId' in each ? [each.messageId] : []));
  expect(attempts.sort()).toEqual([...run.deliveries.keys()].sort());
  if (hasEnded(run)) {
    const allowed = run.failureCallback?.state === 'in-progress' ? [run.failureCallback.messageId] : [];
    expect([...run.deliveries.keys()]).toEqual(allowed);
  } else {
    const hopeful = [...run.deliveries.values()].filter((each) => each.owesFollowUp || each.kind === 'call');
    expect(hopeful.length).toBeGreaterThan(0);
  }
  for (const messages of world.continuations.values()) expect(messages.size).toBe(1);
}

function obligationOf(run: RunState, messageId: string): Obligation | undefined {
  const delivery = run.deliveries.get(messageId);
  if (!delivery) return undefined;
  const { attempt, phase, kind } = delivery;
  if (typeof phase === 'object') return { type: 'SetTimer', messageId, attempt, dueAt: phase.waitingUntil };
  return { type: kind === 'call' ? 'CallOut' : 'Deliver', messageId, attempt };
}

function live(blocks: readonly Block[], mishaps: readonly { what: Mishap; choice: number }[]): RunSimulation {
  const world = new RunSimulation(blocks);
  world.scenario.start({ retries: 20, retryDelay: '1000', failureCallback: { url: 'http://app/api', forwards: [] } });
  check(world);
  for (const { what, choice } of mishaps) {
    happen(world, what, choice);
    check(world);
  }
  return world;
}

const stepsOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, each) => sum + (each.kind === 'group' ? each.branches.length : 1), 0);

describe('any run in a hostile world', () => {
  it('keeps its promises at every moment, does each step once, and ends well in the end', () => {
    fc.assert(
      fc.property(program, fc.array(mishap, { maxLength: 80 }), (blocks, mishaps) => {
        const world = live(blocks, mishaps);
        expect(world.settleDown()).toBe(true);
        check(world);
        const { run } = world.scenario;
        expect(run.status).toBe('succeeded');
        const results = run.entries.flatMap(({ step }) => (step && step.targetStep === undefined ? [step.stepId] : []));
        expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: stepsOf(blocks) }, (_, index) => index + 1));
        expect(world.continuations.size).toBe(blocks.length + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('is the fold of its history, read back as JSON, at any moment', () => {
    fc.assert(
      fc.property(program, fc.array(mishap, { maxLength: 40 }), (blocks, mishaps) => {
        const world = live(blocks, mishaps);
        expect(world.scenario.refolded()).toEqual(world.scenario.state);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves nothing open when it is cancelled or fails, whatever comes after', () => {
    fc.assert(
      fc.property(
        program,
        fc.array(mishap, { maxLength: 40 }),
        fc.record({ what: fc.constantFrom<Mishap>('cancel', 'refuse'), choice: fc.nat({ max: 1_000 }) }),
        fc.array(mishap, { maxLength: 40 }),
        (blocks, before, end, after) => {
          const world = live(blocks, [...before, end, ...after]);
          expect(world.settleDown()).toBe(true);
          check(world);
          expect(hasEnded(world.scenario.run)).toBe(true);
          expect(world.scenario.refolded()).toEqual(world.scenario.state);
        },
      ),
      { numRuns: 100 },
    );
  });
});
