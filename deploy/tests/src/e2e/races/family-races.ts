import type { Answer } from './bare-client';
import { NON_RETRYABLE } from './bare-endpoint';
import type { BareRun } from './bare-run';
import { HANGS_AFTER_MS } from './bare-run';
import { until } from '../until';
import { ended, nothingLongAfter } from './endings';
import type { Lane, Race } from './race';
import type { WireRequest } from './wire-requests';
import {
  cancelling,
  deletingLetter,
  finishing,
  invoking,
  pendingStep,
  reading,
  restarting,
  resuming,
  runStep,
  submitting,
} from './wire-requests';

/* Two runs that have to do with each other: parent and child (protocol.md 8.7), a failed run and who takes over from it (12). */

interface Family {
  readonly parent: BareRun;
  readonly child: BareRun;
  /** Resolves when the child's only delivery is under way: it finishes about now. */
  readonly childBegun: Promise<unknown>;
}

function family(lane: Lane): Family {
  const beforeEnd = lane.pause(30);
  const child = lane.arena.run(async (self) => {
    await beforeEnd();
    expect((await lane.arena.send(finishing(self.id, '"grown up"'))).status).toBe(200);
    return undefined;
  }, 'child');
  const parent = lane.arena.run(async (self, delivery) => {
    if (delivery.isFirst)
      expect((await lane.arena.send(invoking(self, pendingStep(1, 'Invoke'), child))).status).toBe(200);
    else await lane.arena.send(finishing(self.id, delivery.step?.out));
    return undefined;
  }, 'parent');
  return { parent, child, childBegun: child.begun() };
}

interface ChildOutcome {
  readonly body?: string;
  readonly isFailed: boolean;
  readonly isCanceled: boolean;
  readonly workflowRunId: string;
}

const childEndAgainstParentCancel: Race = {
  name: 'child end against parent cancel',
  outcomes: ['the parent was cancelled', 'the parent had ended'],
  async run(lane) {
    const { parent, child, childBegun } = family(lane);
    const beforeCancel = lane.pause(150);
    await lane.arena.start(parent);
    await childBegun;
    await beforeCancel();
    const cancel = await lane.arena.send(cancelling(parent.id));
    expect(cancel.status).toBe(200);
    const wasCancelled = cancel.json<{ cancelled: number }>().cancelled === 1;
    const log = await lane.arena.log(parent.id);
    expect(log?.workflowState).toBe(wasCancelled ? 'RUN_CANCELED' : 'RUN_SUCCESS');
    expect(await ended(child, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"grown up"' });
    lane.afterwards(async () => {
      expect(child.deliveries).toHaveLength(1);
      expect(parent.messagesOf(1).length).toBeLessThanOrEqual(1);
      if (wasCancelled) nothingLongAfter(parent, cancel.answeredAt);
      else expect(parent.deliveries).toHaveLength(2);
      expect((await lane.arena.log(parent.id))?.workflowState).toBe(log?.workflowState);
    });
    return wasCancelled ? 'the parent was cancelled' : 'the parent had ended';
  },
};

const childEndAgainstItsCancel: Race = {
  name: 'child end against its own cancel',
  outcomes: ['isCanceled', 'body'],
  async run(lane) {
    const { parent, child, childBegun } = family(lane);
    const beforeCancel = lane.pause(40);
    await lane.arena.start(parent);
    await childBegun;
    await beforeCancel();
    const cancel = await lane.arena.send(cancelling(child.id));
    const wasCancelled = cancel.json<{ cancelled: number }>().cancelled === 1;
    const { step } = await parent.resultOf(1);
    const out = JSON.parse(step?.out ?? '') as ChildOutcome;
    expect(out).toEqual({
      ...(wasCancelled ? {} : { body: '"grown up"' }),
      isFailed: false,
      isCanceled: wasCancelled,
      workflowRunId: child.id,
    });
    expect(await ended(child, lane)).toMatchObject({ workflowState: wasCancelled ? 'RUN_CANCELED' : 'RUN_SUCCESS' });
    expect(await ended(parent, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: step?.out });
    lane.afterwards(() => {
      expect(parent.messagesOf(1)).toHaveLength(1);
      expect(parent.deliveries).toHaveLength(2);
    });
    return wasCancelled ? 'isCanceled' : 'body';
  },
};

/** A run that failed after its first step, and the id of its dead letter. Whoever takes over from it succeeds. */
async function failedRun(lane: Lane): Promise<{ run: BareRun; dlqId: string }> {
  const run = lane.arena.run(async (self, delivery) => {
    if (delivery.isFirst)
      await lane.arena.send(submitting({ id: delivery.runId, url: self.url }, [runStep(1, '"kept"')]));
    else if (delivery.runId === self.id) return NON_RETRYABLE;
    else await lane.arena.send(finishing(delivery.runId, delivery.step?.out));
    return undefined;
  });
  await lane.arena.start(run);
  let dlqId: string | undefined;
  await until(
    `${run.id} has failed`,
    async () => {
      dlqId = (await lane.arena.log(run.id))?.dlqId;
      return dlqId !== undefined;
    },
    HANGS_AFTER_MS,
  );
  return { run, dlqId: dlqId ?? '' };
}

interface TakenOver {
  readonly workflowRuns: readonly { readonly workflowRunId: string }[];
}

/** Both at once, about one dead letter. @returns what each of them has got from it, in the order of the requests */
async function contend(lane: Lane, requests: readonly [WireRequest, WireRequest]): Promise<(string | undefined)[]> {
  const pauses = [lane.pause(10), lane.pause(10)];
  const answers = await Promise.all(
    requests.map(async (request, index) => {
      await pauses[index]?.();
      return lane.arena.send(request);
    }),
  );
  return answers.map((answer) => (answer.status === 404 ? undefined : gotBy(answer)));
}

function gotBy(answer: Answer): string | undefined {
  expect(answer.status).toBe(200);
  const body = answer.json<Partial<TakenOver> & { deleted?: number }>();
  if (body.workflowRuns === undefined) return body.deleted === 0 ? undefined : 'deleted';
  return body.workflowRuns[0]?.workflowRunId;
}

const LETTER_RACES: readonly {
  readonly name: string;
  readonly ways: readonly [string, string];
  readonly requests: (dlqId: string) => readonly [WireRequest, WireRequest];
}[] = [
  { name: 'resume against resume', ways: ['one resume', 'the other'], requests: (id) => [resuming(id), resuming(id)] },
  { name: 'resume against restart', ways: ['resume', 'restart'], requests: (id) => [resuming(id), restarting(id)] },
  { name: 'resume against delete', ways: ['resume', 'delete'], requests: (id) => [resuming(id), deletingLetter(id)] },
];

const letterRaces = LETTER_RACES.map(({ name, ways, requests }): Race => ({
  name: `${name} of one dead letter`,
  outcomes: ways,
  async run(lane) {
    const { run, dlqId } = await failedRun(lane);
    const got = await contend(lane, requests(dlqId));
    expect(got.filter((each) => each !== undefined)).toHaveLength(1);
    const winner = got[0] === undefined ? 1 : 0;
    const successor = got[winner] === 'deleted' ? undefined : got[winner];
    const way = ways[winner];
    if (successor !== undefined) {
      const isRestart = way === 'restart';
      await until(`${successor} has begun`, () => run.successors.has(successor), HANGS_AFTER_MS);
      const log = await ended(run.successors.get(successor) ?? run, lane);
      expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"kept"' });
      expect(run.successors.get(successor)?.deliveries).toHaveLength(isRestart ? 2 : 1);
    }
    lane.afterwards(async () => {
      expect([...run.successors.keys()]).toEqual(successor === undefined ? [] : [successor]);
      expect(run.deliveries).toHaveLength(2);
      expect((await lane.arena.log(run.id))?.workflowState).toBe('RUN_FAILED');
      expect((await lane.arena.send(reading(`/v2/workflows/dlq/${dlqId}`))).status).toBe(404);
    });
    return way;
  },
}));

export const familyRaces: readonly Race[] = [childEndAgainstParentCancel, childEndAgainstItsCancel, ...letterRaces];
