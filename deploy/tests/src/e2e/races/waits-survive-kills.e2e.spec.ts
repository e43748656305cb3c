import { seededRandom, seedOfThisRun } from '../random';
import type { Topology } from '../stepwell-under-test';
import { until } from '../until';
import type { Arena } from './arena';
import { useArena } from './arena';
import type { Answer } from './bare-client';
import { sendPatiently } from './patience';
import { lists } from './wait-races';
import type { WireRequest } from './wire-requests';
import { finishing, notifying, pendingStep, starting, waiting } from './wire-requests';

/*
 * A wait that was answered 2xx can't miss a notify that comes after its answer, whoever dies in between: run and mailbox are two streams,
 * and an answer that rested on one of them would be a lost event after a kill -9 (architecture.md section 4, L4). The same for what is
 * kept for a run that doesn't wait yet.
 */

const RUNS = 400;
const OPTIONS = { retries: 20, retryDelay: '200' };
const VICTIMS: readonly (readonly [Topology, string])[] = [
  ['one', 'engine'],
  ['one', 'mongod'],
  ['five', 'run-state'],
];
const seed = seedOfThisRun();

interface Waiter {
  readonly runId: string;
  readonly eventId: string;
  /** Its wait was answered 2xx. */
  isWaiting: boolean;
  readonly got: (string | undefined)[];
}

/** Runs of one wait each, for an event of its own, which they end with. */
function waitersIn(arena: Arena): { readonly waiters: readonly Waiter[]; readonly requests: readonly WireRequest[] } {
  const waiters: Waiter[] = [];
  const runs = Array.from({ length: RUNS }, () => {
    const waiter = { eventId: arena.unique('event'), isWaiting: false, got: [] as (string | undefined)[] };
    const run = arena.run(async (self, delivery) => {
      if (delivery.isFirst) {
        await sendPatiently(arena, waiting(self, waiter.eventId, pendingStep(1, 'Wait')));
        known.isWaiting = true;
      } else {
        if (!waiter.got.includes(delivery.notice)) waiter.got.push(delivery.notice);
        await sendPatiently(arena, finishing(self.id));
      }
      return undefined;
    });
    const known: Waiter = Object.assign(waiter, { runId: run.id });
    waiters.push(known);
    return run;
  });
  return { waiters, requests: runs.map((run) => starting([run], OPTIONS)) };
}

describe.each(VICTIMS)(`kill -9 among waits, %s process(es), %s, seed ${seed}`, (topology, victim) => {
  const arena = useArena(topology);
  const random = seededRandom(seed);

  it('forgets none that was answered, nor what was kept for one', async () => {
    const { waiters, requests } = waitersIn(arena);
    const moment = Math.floor(RUNS * (0.1 + 0.8 * random()));
    const starts = Promise.all(requests.map((request) => sendPatiently(arena, request)));
    await until('some wait', () => waiters.filter(({ isWaiting }) => isWaiting).length >= moment);
    arena.stepwell.kill(victim);
    const answered = waiters.filter(({ isWaiting }) => isWaiting);
    const notified = new Map<string, Promise<Answer>>();
    const notify = (waiter: Waiter, body: string, runId?: string): Promise<Answer> =>
      sendPatiently(arena, notifying(waiter.eventId, body, runId));
    for (const waiter of answered) notified.set(waiter.runId, notify(waiter, 'after the kill'));
    const missed: string[] = [];
    for (const [runId, answer] of notified) {
      // A notify that was accepted as its answer was lost finds nobody the second time: the run tells.
      if (!lists(await answer, runId)) missed.push(runId);
    }

    await starts;
    const others = waiters.filter((waiter) => !answered.includes(waiter));
    await Promise.all(others.map((waiter) => notify(waiter, 'kept', waiter.runId)));
    await until('all have got what was for them', () => waiters.every(({ got }) => got.length > 0), 120_000);
    await arena.settled();
    expect(missed.filter((runId) => waiters.find((waiter) => waiter.runId === runId)?.got.length !== 1)).toEqual([]);
    expect(answered.map(({ got }) => got)).toEqual(answered.map(() => ['after the kill']));
    expect(others.map(({ got }) => got)).toEqual(others.map(() => ['kept']));
    expect(arena.complaints()).toEqual([]);
  }, 240_000);
});
