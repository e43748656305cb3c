import type { Answer } from './bare-client';
import type { BareRun } from './bare-run';
import { ended, nothingLongAfter, stepsIn } from './endings';
import type { Lane, Race } from './race';
import { lists } from './wait-races';
import type { WireRequest } from './wire-requests';
import {
  calling,
  cancelling,
  finishing,
  invoking,
  notifying,
  pendingStep,
  planOf,
  reading,
  returning,
  runStep,
  submitting,
  waiting,
} from './wire-requests';

/* Ends against what would have gone on: submissions, retries, failures (protocol.md 7.4, 7.8, 8.8, 9.4). */

/** Sends a cancel and checks what it promises for whatever comes after its answer. */
async function cancel(lane: Lane, run: BareRun): Promise<Answer> {
  const answer = await lane.arena.send(cancelling(run.id));
  expect([answer.status, answer.json()]).toEqual([200, { cancelled: 1 }]);
  const after = await lane.arena.send(submitting(run, [runStep(999)]));
  expect(after.status).toBe(400);
  lane.afterwards(async () => {
    nothingLongAfter(run, answer.answeredAt);
    expect(await lane.arena.log(run.id)).toMatchObject({ workflowState: 'RUN_CANCELED' });
    expect((await lane.arena.send(cancelling(run.id))).json()).toEqual({ cancelled: 0 });
  });
  return answer;
}

const cancelAgainstSteps: Race = {
  name: 'cancel against step after step',
  outcomes: ['it cut a step off', 'it came between two steps'],
  async run(lane) {
    const [accepted, refused] = [new Set<number>(), new Set<number>()];
    const thirdParty = lane.arena.thirdParty('answer');
    const kinds = Array.from({ length: 200 }, () => lane.pick(['run', 'run', 'call'] as const));
    const pauses = kinds.map(() => lane.pause(2));
    const answers: Answer[] = [];
    const run = lane.arena.run(async (self, delivery) => {
      const isCallback = delivery.kind === 'callback';
      const stepId = isCallback
        ? Number(delivery.headers['upstash-workflow-stepid'])
        : delivery.entries.filter(({ callType }) => callType === 'step').length;
      await pauses[stepId]?.();
      const isCall = kinds[stepId] === 'call' && !isCallback;
      const request = isCall
        ? calling(self, pendingStep(stepId, 'Call'), thirdParty.url, 'question')
        : isCallback
          ? returning(self, { ...runStep(stepId), stepType: 'Call' })
          : submitting(self, [runStep(stepId)]);
      const answer = await lane.arena.send(request);
      answers.push(answer);
      expect([200, 400]).toContain(answer.status);
      if (!isCall) (answer.status === 200 ? accepted : refused).add(stepId);
      return undefined;
    });
    const beforeCancel = lane.pause(200);
    await lane.arena.start(run);
    await beforeCancel();
    const { answeredAt } = await cancel(lane, run);
    lane.afterwards(async () => {
      const wrong = answers.filter(({ status, sentAt }) => status === 200 && sentAt >= answeredAt);
      expect(wrong).toEqual([]);
      // Called steps that have no result yet are in no list of results.
      const logged = stepsIn(await lane.arena.log(run.id));
      expect([...accepted].filter((stepId) => !logged.includes(stepId))).toEqual([]);
      expect(logged.filter((stepId) => refused.has(stepId) || stepId === 999)).toEqual([]);
    });
    return refused.size > 0 ? 'it cut a step off' : 'it came between two steps';
  },
};

/** One submission of a kind, and what must be true once it and the cancel are answered, and still later. */
type Contender = (lane: Lane) => {
  readonly request: (run: BareRun) => WireRequest;
  readonly checkAtOnce?: (run: BareRun) => Promise<void>;
  readonly check?: (run: BareRun, isAccepted: boolean) => Promise<void>;
};

const plans: Contender = (lane) => ({
  request: (run) => submitting(run, [planOf(1, 3), planOf(2, 3), planOf(3, 3)]),
  async check(run, isAccepted) {
    const log = await lane.arena.log(run.id);
    const planned = JSON.stringify(log?.steps).includes('"step 3"');
    expect(planned).toBe(isAccepted);
  },
});

const wait: Contender = (lane) => {
  const eventId = lane.arena.unique('event');
  return {
    request: (run) => waiting(run, eventId, pendingStep(1, 'Wait')),
    // No event is spent on a run that is over: the cancel was answered when the mailbox knew.
    async checkAtOnce(run) {
      expect((await lane.arena.send(reading(`/v2/waiters/${eventId}`))).json()).toEqual([]);
      expect(lists(await lane.arena.send(notifying(eventId, 'too late')), run.id)).toBe(false);
    },
  };
};

const call: Contender = (lane) => {
  const thirdParty = lane.arena.thirdParty('answer');
  return {
    request: (run) => calling(run, pendingStep(1, 'Call'), thirdParty.url, 'question'),
    async check(_run, isAccepted) {
      expect(thirdParty.calls).toBeLessThanOrEqual(isAccepted ? 1 : 0);
    },
  };
};

const invoke: Contender = (lane) => {
  const child = lane.arena.run(async (self) => {
    await lane.arena.send(finishing(self.id, '"child"'));
    return undefined;
  }, 'child');
  return {
    request: (run) => invoking(run, pendingStep(1, 'Invoke'), child),
    async check(_run, isAccepted) {
      // The parent may be over before the child has begun: then it never does, like a call that nobody waits for any more.
      const hasBegun = (await lane.arena.log(child.id)) !== undefined;
      if (hasBegun) expect(await ended(child, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS' });
      expect(child.deliveries).toHaveLength(hasBegun ? 1 : 0);
      if (!isAccepted) expect(hasBegun).toBe(false);
    },
  };
};

const CONTENDERS = [plans, wait, call, invoke];

const cancelAgainstSubmit: Race = {
  name: 'cancel against a plan, a wait, a call, an invoke',
  outcomes: ['submitted first', 'cancelled first'],
  async run(lane) {
    const contender = CONTENDERS[lane.number % CONTENDERS.length]?.(lane) ?? wait(lane);
    const pauses = [lane.pause(20), lane.pause(40)];
    let submitted!: (answer: Answer) => void;
    const submission = new Promise<Answer>((resolve) => (submitted = resolve));
    const run = lane.arena.run(async (self, delivery) => {
      if (!delivery.isFirst) return undefined;
      await pauses[0]?.();
      submitted(await lane.arena.send(contender.request(self)));
      return undefined;
    });
    await lane.arena.start(run);
    await run.begun();
    await pauses[1]?.();
    const cancelled = await cancel(lane, run);
    const answer = await submission;
    expect([200, 400]).toContain(answer.status);
    const isAccepted = answer.status === 200;
    if (answer.sentAt >= cancelled.answeredAt) expect(isAccepted).toBe(false);
    if (cancelled.sentAt >= answer.answeredAt) expect(isAccepted).toBe(true);
    await contender.checkAtOnce?.(run);
    lane.afterwards(() => contender.check?.(run, isAccepted));
    return isAccepted ? 'submitted first' : 'cancelled first';
  },
};

const finishAgainstRetry: Race = {
  name: 'finish against a retry that finishes',
  outcomes: ['by the late attempt', 'by the retry'],
  async run(lane) {
    const pauses = [lane.pause(400), lane.pause(6)];
    let late!: Promise<Answer>;
    let retry: Answer | undefined;
    const run = lane.arena.run(async (self, { retried }) => {
      if (retried === 0) {
        // The attempt is given up, what it has to say is still under way.
        late = (async () => {
          await pauses[0]?.();
          return lane.arena.send(finishing(self.id, '"by the late attempt"'));
        })();
        return { status: 500 };
      }
      await pauses[1]?.();
      retry = await lane.arena.send(finishing(self.id, '"by the retry"'));
      return undefined;
    });
    await lane.arena.start(run, { retryDelay: '10' });
    await run.begun();
    const finished = await late;
    expect(finished.status).toBe(200);
    const log = await ended(run, lane);
    expect(log.workflowState).toBe('RUN_SUCCESS');
    const outcome = JSON.parse(log.workflowRunResponse ?? '') as string;
    lane.afterwards(async () => {
      if (retry) expect(retry.status).toBe(200);
      if (retry && retry.answeredAt <= finished.sentAt) expect(outcome).toBe('by the retry');
      if (!retry || finished.answeredAt <= retry.sentAt) expect(outcome).toBe('by the late attempt');
      expect((await lane.arena.log(run.id))?.workflowRunResponse).toBe(log.workflowRunResponse);
      expect(run.deliveries.length).toBeLessThanOrEqual(2);
      nothingLongAfter(run, Math.min(finished.answeredAt, retry?.answeredAt ?? Infinity));
    });
    return outcome;
  },
};

const finishAgainstFailure: Race = {
  name: 'finish against the last attempt failing',
  outcomes: ['RUN_SUCCESS', 'RUN_FAILED'],
  async run(lane) {
    const beforeFinish = lane.pause(40);
    let finish!: Promise<Answer>;
    const run = lane.arena.run((self, { kind }) => {
      if (kind === 'failure') return undefined;
      finish = (async () => {
        await beforeFinish();
        return lane.arena.send(finishing(self.id, '"finished"'));
      })();
      return { status: 500 };
    });
    await lane.arena.start(run, { retries: 0, failureCallback: true });
    await run.begun();
    expect((await finish).status).toBe(200);
    const { workflowState, workflowRunResponse } = await ended(run, lane);
    const hasFailed = workflowState === 'RUN_FAILED';
    if (!hasFailed) expect([workflowState, workflowRunResponse]).toEqual(['RUN_SUCCESS', '"finished"']);
    if (hasFailed) await run.delivered('failure callback', ({ kind }) => kind === 'failure');
    lane.afterwards(async () => {
      expect(run.deliveries.map(({ kind }) => kind)).toEqual(hasFailed ? ['step', 'failure'] : ['step']);
      const letters = await lane.arena.send(reading(`/v2/dlq?source=workflow&workflowRunId=${run.id}`));
      expect(letters.json<{ messages: unknown[] }>().messages).toHaveLength(hasFailed ? 1 : 0);
    });
    return workflowState;
  },
};

export const endRaces: readonly Race[] = [
  cancelAgainstSteps,
  cancelAgainstSubmit,
  finishAgainstRetry,
  finishAgainstFailure,
];
