import fc from 'fast-check';
import { MailboxModel } from '../testing/mailbox-model';
import { MailboxScenario } from '../testing/mailbox-scenario';
import type { MailboxState } from './mailbox.state';

/*
 * Random lives of a mailbox against a model of a few lines (testing/mailbox-model.ts): registrations that come twice and late, notices
 * that are repeated, timers that fire early and for nothing, runs that end, snapshots that are torn. After every single thing that
 * happens the state must hold what mailbox.state.ts promises.
 */

const HOUR = 60 * 60 * 1000;

const ACTIONS = {
  register: 8,
  registerAgain: 3,
  notifyAll: 3,
  notifyRun: 6,
  repeatNotice: 2,
  deadline: 4,
  travelToDeadline: 2,
  drop: 1,
  settle: 4,
  snapshot: 1,
  tornSnapshot: 1,
  passTime: 2,
} as const;
type Action = keyof typeof ACTIONS;

const action = fc.record({
  what: fc.oneof(
    ...Object.entries(ACTIONS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as Action) })),
  ),
  choice: fc.nat({ max: 1_000 }),
  more: fc.nat({ max: 1_000 }),
});
const life = fc.array(action, { maxLength: 100 });

interface World {
  readonly scenario: MailboxScenario;
  readonly model: MailboxModel;
  readonly waiters: ReturnType<MailboxScenario['waiter']>[];
  readonly notices: { readonly noticeId: string; readonly runId?: string }[];
}

const pick = <T>(items: readonly T[], choice: number): T | undefined => items[choice % Math.max(1, items.length)];

function happen(world: World, { what, choice, more }: { what: Action; choice: number; more: number }): void {
  const { scenario, model, waiters, notices } = world;
  const runId = `wfr_${choice % 4}`;
  const waiter = pick(waiters, choice);
  const register = (each: World['waiters'][number]): void => {
    scenario.register(each);
    model.register(each, scenario.at);
  };
  const notify = (notice: World['notices'][number]): void => {
    const { answer, awaits = [] } =
      notice.runId === undefined
        ? scenario.notifyAll(notice.noticeId)
        : scenario.notifyRun(notice.runId, notice.noticeId);
    expect(answer.waiters.map(({ messageId }) => messageId)).toEqual(model.notify(notice, scenario.at));
    expect(answer.notified).toBe(answer.waiters.length);
    expect(awaits).toEqual(answer.waiters.map(({ messageId }) => messageId));
  };
  switch (what) {
    case 'register': {
      const fresh = scenario.waiter(runId, { deadlineAt: scenario.at + more * 1_000 - 100_000 });
      waiters.push(fresh);
      register(fresh);
      return;
    }
    case 'registerAgain':
      if (waiter) register(waiter);
      return;
    case 'notifyAll':
      notices.push({ noticeId: `n${notices.length}` });
      notify(notices.at(-1)!);
      return;
    case 'notifyRun':
      notices.push({ noticeId: `n${notices.length}`, runId });
      notify(notices.at(-1)!);
      return;
    case 'repeatNotice': {
      const notice = pick(notices, choice);
      if (notice) notify(notice);
      return;
    }
    case 'travelToDeadline':
    case 'deadline':
      if (!waiter) return;
      if (what === 'travelToDeadline') scenario.at = Math.max(scenario.at, waiter.deadlineAt);
      expect(scenario.deadline(waiter.messageId).answer).toEqual(model.deadline(waiter.messageId, scenario.at));
      return;
    case 'drop':
      scenario.drop(runId);
      model.drop(runId, scenario.at);
      return;
    case 'settle': {
      if (!scenario.state) return;
      const some = [...scenario.mailbox.owed.keys()].filter((_, index) => (index * 7 + choice) % 3 < more % 4);
      model.told(some.flatMap((effectId) => tellOf(scenario.mailbox, effectId)));
      scenario.settle(some);
      return;
    }
    case 'snapshot':
    case 'tornSnapshot':
      if (scenario.state) scenario.snapshot(200 + choice * 10, what === 'snapshot' ? Infinity : 1 + (more % 3));
      return;
    case 'passTime':
      scenario.at += choice % 5 === 0 ? HOUR : more * 1_000;
      return;
  }
}

function tellOf(state: MailboxState, effectId: string): string[] {
  const obligation = state.owed.get(effectId);
  return obligation?.type === 'TellRun' ? [obligation.waiter.messageId] : [];
}

/** What must hold at every moment (mailbox.state.ts, architecture.md section 4). */
function check({ scenario, model }: World): void {
  const { state } = scenario;
  if (!state) return;
  expect(state.owed).toEqual(scenario.unsettled);
  expect(scenario.waiting).toEqual(model.waiting.map(({ messageId }) => messageId));
  expect([...state.seqByMessage]).toEqual([...state.waiters].map(([seq, { messageId }]) => [messageId, seq]));
  const byRun = [...state.seqsByRun].flatMap(([runId, seqs]) => seqs.map((seq) => [seq, runId]));
  expect(byRun.sort(bySeq)).toEqual([...state.waiters].map(([seq, { runId }]) => [seq, runId]).sort(bySeq));
  const kept = [...state.kept].flatMap(([runId, notices]) => notices.map(({ noticeId }) => ({ noticeId, runId })));
  expect(kept.sort(byRunId)).toEqual([...model.kept].sort(byRunId));
  expect(state.keptNotices).toBe(model.kept.length);
  expect(state.listedWaiters).toBe([...state.answered.values()].reduce((sum, each) => sum + each.waiters.length, 0));
  const tells = new Map(scenario.owed('TellRun').map(({ waiter }) => [waiter.messageId, waiter.runId]));
  expect([...state.tells.keys()]).toEqual([...tells.keys()]);
  const unset = [...state.owed].flatMap(([id, each]) => (each.type === 'SetTimer' ? [[each.seq, id]] : []));
  expect([...state.timers]).toEqual(unset);
}

const bySeq = ([a]: (string | number)[], [b]: (string | number)[]): number => Number(a) - Number(b);
const byRunId = (a: { readonly runId: string }, b: { readonly runId: string }): number =>
  a.runId < b.runId ? -1 : Number(a.runId > b.runId);

/** What the mailbox made others do, in order; the model says the same in its own way. */
class Witness {
  readonly endings: { readonly messageId: string; readonly by: string }[] = [];
  readonly timers = new Set<string>();
  private readonly ended = new Set<number>();
  private seen = 0;

  watch({ scenario }: World): void {
    if (scenario.history.length === this.seen) return;
    this.seen = scenario.history.length;
    for (const { obligation } of scenario.lastChanges.owed) {
      switch (obligation.type) {
        case 'TellRun': {
          const { messageId, seq } = obligation.waiter;
          expect(this.ended.has(seq)).toBe(false);
          this.ended.add(seq);
          this.endings.push({ messageId, by: scenario.carried(obligation) ?? 'timeout' });
          // It was the timer that asked: it is gone with the answer.
          if (obligation.outcome.kind === 'timeout') this.timers.delete(messageId);
          break;
        }
        case 'SetTimer':
          this.timers.add(obligation.messageId);
          break;
        case 'CancelTimer':
          this.timers.delete(obligation.timerId.replace(`mailbox-${scenario.eventId}/`, ''));
          break;
      }
    }
  }
}

function live(actions: Parameters<typeof happen>[1][]): World {
  const world: World = { scenario: new MailboxScenario(), model: new MailboxModel(), waiters: [], notices: [] };
  const witness = new Witness();
  for (const each of actions) {
    happen(world, each);
    witness.watch(world);
    check(world);
    expect(witness.endings).toEqual(world.model.endings);
    expect([...witness.timers].sort()).toEqual(world.model.waiting.map(({ messageId }) => messageId).sort());
  }
  return world;
}

describe('any mailbox in a hostile world', () => {
  it('ends each wait once, spends each notice as the model does, and keeps its books', () => {
    fc.assert(
      fc.property(life, (actions) => {
        live(actions);
      }),
      { numRuns: 200 },
    );
  });

  it('is the fold of its history, read back as JSON, from its beginning and from its last snapshot', () => {
    fc.assert(
      fc.property(life, life, fc.integer({ min: 100, max: 5_000 }), (before, after, maxPartBytes) => {
        const { scenario, ...rest } = live(before);
        expect(scenario.refolded()).toEqual(scenario.state);
        if (!scenario.state) return;
        scenario.snapshot(maxPartBytes);
        expect(scenario.refoldedFromSnapshot()).toEqual(scenario.state);
        for (const each of after) happen({ scenario, ...rest }, each);
        expect(scenario.refolded()).toEqual(scenario.state);
        expect(scenario.refoldedFromSnapshot()).toEqual(scenario.state);
      }),
      { numRuns: 100 },
    );
  });
});
