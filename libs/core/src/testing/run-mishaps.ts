import fc from 'fast-check';
import { explain, reasonsOf } from '../run/explain';
import type { Obligation, RunState } from '../run/run.state';
import { hasEnded, hasResult, tellKey } from '../run/run.state';
import type { Block, RunSimulation, StepForm } from './run-simulation';

/*
 * A hostile world for runs: attempts fail, time out after their submission or before, come twice and late; timers fire early, twice
 * and for nothing; waits end and children answer at any moment, twice, and after the end. What must hold whatever happens is
 * `assertPromises`.
 */

const form = fc.constantFrom<StepForm>('run', 'sleep', 'call', 'wait', 'invoke');
const block: fc.Arbitrary<Block> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: form, delayMs: fc.integer({ min: 0, max: 90_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      branches: fc.array(form, { minLength: 2, maxLength: 6 }),
    }),
  },
);

/** A workflow. */
export const anyProgram = fc.array(block, { maxLength: 6 });

const MISHAPS = {
  succeed: 12,
  answer: 6,
  answerTwice: 2,
  answerTooLate: 2,
  actAndFail: 3,
  actAndSayNothing: 3,
  answerWithoutActing: 1,
  fail: 3,
  outage: 1,
  repeatSubmission: 4,
  repeatReport: 3,
  endRequest: 5,
  repeatTell: 3,
  openMailbox: 1,
  wake: 8,
  wakeEarly: 1,
  wakeForNothing: 1,
} as const;

export interface Mishap {
  readonly what: keyof typeof MISHAPS | 'cancel' | 'refuse';
  readonly choice: number;
}

/** Things that happen to a run, none of which ends it. */
export const anyMishap: fc.Arbitrary<Mishap> = fc.record({
  what: fc.oneof(
    ...Object.entries(MISHAPS).map(([name, weight]) => ({
      weight,
      arbitrary: fc.constant(name as keyof typeof MISHAPS),
    })),
  ),
  choice: fc.nat({ max: 1_000 }),
});

const OUTAGE = { status: 500, body: new TextEncoder().encode('{"error":"down","code":"UNAVAILABLE"}') };
const REFUSED = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };

const pick = <Each>(list: readonly Each[], choice: number): Each | undefined => list[choice % Math.max(1, list.length)];

export function happen(world: RunSimulation, { what, choice }: Mishap): void {
  const { scenario, sent, open } = world;
  const delivery = pick(sent, choice);
  const waiter = pick(
    open.filter((each) => typeof each.phase === 'object'),
    choice,
  );
  const messageId = delivery?.messageId ?? '';
  switch (what) {
    case 'succeed':
      if (delivery) world.act(delivery);
      scenario.report(messageId);
      return;
    case 'answer':
      if (delivery) world.answer(delivery);
      return;
    case 'answerTwice':
      if (!delivery) return;
      world.answer(delivery);
      world.answer(delivery, choice % 2);
      return;
    case 'answerTooLate': {
      if (!delivery) return;
      const { attempt } = delivery;
      scenario.report(messageId, { error: { code: 'DELIVERY_TIMEOUT', message: 'too slow' } });
      world.answer(delivery, attempt);
      return;
    }
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
      scenario.report(pick(messages, choice) ?? '', { attempt: choice % 3, status: choice % 2 ? 200 : 500 });
      return;
    }
    case 'endRequest': {
      const request = pick(world.requests, choice);
      if (request) world.endRequest(request, choice);
      return;
    }
    case 'repeatTell':
      world.repeatTell(choice);
      return;
    case 'openMailbox':
      scenario.openMailbox(`event-${choice % 5}`);
      return;
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
export function assertPromises(world: RunSimulation): void {
  const { run, unsettled } = world.scenario;
  expect(run.owed).toEqual(unsettled);
  for (const delivery of run.deliveries.values())
    expect(run.owed.get(delivery.effectId)).toEqual(obligationOf(run, delivery.messageId));
  const attempts = [...run.owed.values()].flatMap((each) => ('messageId' in each ? [each.messageId] : []));
  expect(attempts.sort()).toEqual([...run.deliveries.keys()].sort());
  expect(world.scenario.tells().sort()).toEqual(toldNow(run).sort());
  expect([...run.tells.keys()].sort()).toEqual(world.scenario.tells().sort());
  if (hasEnded(run)) {
    const allowed = run.failureCallback?.state === 'in-progress' ? [run.failureCallback.messageId] : [];
    expect([...run.deliveries.keys()]).toEqual(allowed);
  } else {
    const hopeful = [...run.deliveries.values()].filter((each) => each.owesFollowUp || each.kind === 'call');
    expect(hopeful.length + world.requests.length).toBeGreaterThan(0);
  }
  for (const messages of world.continuations.values()) expect(messages.size).toBe(1);
  assertExplained(world);
}

/** E4: a live run says why it isn't moving, and what it says is what is owed; an ended one has nothing to say but its callback. */
function assertExplained(world: RunSimulation): void {
  const { run } = world.scenario;
  const reasons = reasonsOf(run);
  const explanation = explain(run);
  const isPending = !hasEnded(run) || run.failureCallback?.state === 'in-progress';
  expect(explanation !== undefined).toBe(isPending);
  expect([explanation?.reason, ...(explanation?.others ?? [])].filter((each) => each !== undefined)).toEqual(reasons);
  expect(reasons.map(({ effectId }) => effectId).sort()).toEqual(effectsThatLeadOn(run).sort());
  if (hasEnded(run)) return;
  expect(explanation?.reason.isAside).toBeUndefined();
  const requests = reasons.filter(({ waitingFor }) => ['event', 'webhook', 'child'].includes(waitingFor));
  expect(requests.map(({ messageId }) => messageId).sort()).toEqual(
    world.requests.map(({ messageId }) => messageId).sort(),
  );
  for (const { until, messageId = '' } of reasons) {
    const phase = run.deliveries.get(messageId)?.phase;
    expect(until).toBe(typeof phase === 'object' ? phase.waitingUntil : run.waits.get(messageId)?.data.deadlineAt);
  }
}

function effectsThatLeadOn({ owed }: RunState): string[] {
  const leadsOn = (each: Obligation): boolean =>
    each.type === 'TellStream'
      ? each.tell.kind === 'register-waiter' || each.tell.kind === 'start-child'
      : ['Deliver', 'CallOut', 'SetTimer'].includes(each.type);
  return [...owed].flatMap(([effectId, each]) => (leadsOn(each) ? [effectId] : []));
}

function obligationOf(run: RunState, messageId: string): Obligation | undefined {
  const delivery = run.deliveries.get(messageId);
  if (!delivery) return undefined;
  const { attempt, phase, kind } = delivery;
  if (typeof phase === 'object') return { type: 'SetTimer', messageId, attempt, dueAt: phase.waitingUntil };
  return { type: kind === 'call' ? 'CallOut' : 'Deliver', messageId, attempt };
}

/** To whom a run has to tell something, as long as nobody has said that it was told. */
function toldNow(run: RunState): string[] {
  if (!hasEnded(run)) {
    const isOpen = ([, { data }]: [string, { data: { step: { stepId: number } } }]) =>
      !hasResult(run, data.step.stepId);
    return [
      ...[...run.waits].filter(isOpen).map(([messageId]) => tellKey({ kind: 'register-waiter', messageId })),
      ...[...run.invokes].filter(isOpen).map(([messageId]) => tellKey({ kind: 'start-child', messageId })),
    ];
  }
  const waits = [...run.waits.values()].map(({ data }) => data.eventId);
  expect([...run.mailboxes]).toEqual(expect.arrayContaining(waits));
  const gone = run.deadLetterGone;
  return [
    ...[...run.mailboxes].map((eventId) => tellKey({ kind: 'drop-run', eventId })),
    ...(run.start.invoker ? [tellKey({ kind: 'child-ended' })] : []),
    ...(gone && 'takenOver' in gone ? [tellKey({ kind: 'start-successor' })] : []),
  ];
}

/** Lets it all happen, and looks at every moment. */
export function endure(world: RunSimulation, mishaps: readonly Mishap[]): void {
  assertPromises(world);
  for (const mishap of mishaps) {
    happen(world, mishap);
    assertPromises(world);
  }
}
