import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom, seedOfThisRun } from '../random';
import { TOPOLOGIES } from '../stepwell-under-test';
import { until } from '../until';
import type { RunLog } from './arena';
import { useArena } from './arena';
import type { Answer } from './bare-client';
import type { Submitted } from './every-kind';
import { CALLS, DELIVERIES, EveryKind, LAST_STEP } from './every-kind';
import { HANGS_AFTER_MS } from './bare-run';
import { reading } from './wire-requests';

/*
 * Every submission may come twice or late, in any order that a network can produce (protocol.md 7.4, 7.6, 7.8): whatever has been said
 * changes nothing when it is said again, and the answer says so.
 */

const seed = seedOfThisRun();
const RUNS_IN_AN_ECHO = 60;
const ECHOES = 2;
const LATEST_ECHO_MS = 400;

interface Item {
  readonly messageId: string;
  readonly deduplicated?: boolean;
}

const itemsOf = ({ text }: Answer): Item[] => {
  const body = JSON.parse(text) as Item | Item[];
  return Array.isArray(body) ? body : [body];
};

const asDuplicates = (answer: Answer): object[] =>
  itemsOf(answer).map(({ messageId }) => expect.objectContaining({ messageId, deduplicated: true }) as object);

describe.each(TOPOLOGIES)(`submissions that come again, %s process(es), seed ${seed}`, (topology) => {
  const arena = useArena(topology);
  const random = seededRandom(seed);

  /** In any order, some more than once, some at the same time. */
  const sendAllAgain = async (submitted: readonly Submitted[]): Promise<{ again: Submitted; answer: Answer }[]> => {
    const order = submitted
      .flatMap((each) => (random() < 0.5 ? [each] : [each, each]))
      .map((each) => ({ each, place: random() }))
      .sort((a, b) => a.place - b.place);
    const answered: { again: Submitted; answer: Answer }[] = [];
    while (order.length > 0) {
      const some = order.splice(0, 1 + Math.floor(random() * 5));
      const answers = some.map(async ({ each }) => ({ again: each, answer: await arena.send(each.request) }));
      answered.push(...(await Promise.all(answers)));
    }
    return answered;
  };

  /** Everything that a submission could have changed. */
  const traces = async (kind: EveryKind): Promise<object> => {
    await arena.settled();
    return {
      log: await arena.log(kind.run.id),
      deliveries: kind.run.deliveries.map(({ messageId, retried }) => [messageId, retried]),
      calls: kind.thirdParty.calls,
      child: [kind.child.deliveries.length, await arena.log(kind.child.id)],
      waiters: (await arena.send(reading(`/v2/waiters/${kind.eventId}`))).json<unknown[]>(),
    };
  };

  it('change nothing while the run goes on, nor once it has ended', async () => {
    let waits: (kind: EveryKind) => void = () => undefined;
    const waiting = new Promise<EveryKind>((resolve) => (waits = resolve));
    const kind = new EveryKind(arena, (self) => waits(self));
    await kind.start();
    await waiting;

    const whileItWaits = await traces(kind);
    expect(whileItWaits).toMatchObject({ calls: CALLS, child: [1, { workflowState: 'RUN_SUCCESS' }] });
    for (const { again, answer } of await sendAllAgain(kind.submitted)) {
      expect(answer.status).toBe(200);
      if (again.what !== 'wait') expect(itemsOf(answer)).toEqual(asDuplicates(again.answer));
    }
    const stranger = new EveryKind(arena).child;
    expect((await arena.send(kind.invokeAgain(stranger))).status).toBe(200);
    expect(await traces(kind)).toEqual(whileItWaits);
    expect([stranger.deliveries, await arena.log(stranger.id)]).toEqual([[], undefined]);

    await kind.notify();
    await kind.run.resultOf(LAST_STEP);
    await until('it has ended', async () => (await arena.log(kind.run.id))?.workflowState === 'RUN_SUCCESS');
    const afterTheEnd = await traces(kind);
    expect(kind.run.deliveries).toHaveLength(DELIVERIES);
    for (const { again, answer } of await sendAllAgain(kind.submitted)) {
      const expected = again.what === 'start' || again.what === 'finish' ? 200 : 400;
      expect([again.what, answer.status]).toEqual([again.what, expected]);
      if (again.what === 'start') expect(itemsOf(answer)).toEqual(asDuplicates(again.answer));
    }
    expect(await traces(kind)).toEqual(afterTheEnd);
    expect(arena.complaints()).toEqual([]);
  }, 90_000);

  it(`change nothing where each comes ${ECHOES} times more, whenever it likes`, async () => {
    const echoes: Promise<void>[] = [];
    const wrong: string[] = [];
    const echo = async ({ what, request }: Submitted): Promise<void> => {
      await delay(random() ** 2 * LATEST_ECHO_MS);
      const { status, text } = await arena.send(request);
      const isRight = status === 200 || (status === 400 && what !== 'start' && what !== 'finish');
      if (!isRight) wrong.push(`${what}: ${status} ${text}`);
      if (status === 200 && what !== 'wait' && what !== 'finish' && !text.includes('"deduplicated":true'))
        wrong.push(text);
    };
    const kinds = Array.from(
      { length: RUNS_IN_AN_ECHO },
      () =>
        new EveryKind(arena, undefined, (submitted) => {
          for (let times = 0; times < ECHOES; times += 1) echoes.push(echo(submitted));
        }),
    );
    await Promise.all(kinds.map((kind) => kind.start()));
    const logs: (RunLog | undefined)[] = [];
    for (const { run } of kinds) {
      await run.resultOf(LAST_STEP);
      await until(
        'it has ended',
        async () => (await arena.log(run.id))?.workflowState !== 'RUN_STARTED',
        HANGS_AFTER_MS,
      );
      logs.push(await arena.log(run.id));
    }
    await Promise.all(echoes);
    await arena.settled();

    expect(wrong).toEqual([]);
    expect(logs.map((log) => [log?.workflowState, log?.workflowRunResponse])).toEqual(
      kinds.map(() => ['RUN_SUCCESS', '"all kinds"']),
    );
    for (const { run, child, thirdParty } of kinds) {
      expect(run.deliveries.map(({ retried }) => retried)).toEqual(Array.from({ length: DELIVERIES }, () => 0));
      expect([child.deliveries.length, thirdParty.calls]).toEqual([1, CALLS]);
    }
    expect(arena.complaints()).toEqual([]);
  }, 120_000);
});
