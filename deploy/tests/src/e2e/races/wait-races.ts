import type { Answer } from './bare-client';
import type { BareRun } from './bare-run';
import { ended } from './endings';
import type { Lane, Race } from './race';
import { finishing, hooking, notifying, pendingStep, reading, waiting } from './wire-requests';

/*
 * Waits against what ends them (protocol.md 8.4-8.6). A wait that was answered can't miss what comes after its answer, and is ended once:
 * whom a notify's answer lists has the event, and nobody else (architecture.md section 4).
 */

/** A run of one wait, which it finishes with what the wait gave it. */
class WaitingRun {
  readonly eventId: string;
  readonly run: BareRun;
  private settle!: (answer: Answer) => void;
  /** The answer to the wait. */
  readonly answered = new Promise<Answer>((resolve) => (this.settle = resolve));

  constructor(
    readonly lane: Lane,
    { timeout = '1d', stepType = 'Wait' } = {},
  ) {
    this.eventId = lane.arena.unique('event');
    const beforeWait = lane.pause(40);
    this.run = lane.arena.run(async (run, delivery) => {
      if (delivery.isFirst) {
        await beforeWait();
        this.settle(await lane.arena.send(waiting(run, this.eventId, pendingStep(1, stepType), timeout)));
      } else if (delivery.isResultOf(1))
        await lane.arena.send(finishing(run.id, JSON.stringify(delivery.notice ?? 'timeout')));
      return undefined;
    });
  }

  notify(body: string, runId?: string): Promise<Answer> {
    return this.lane.arena.send(notifying(this.eventId, body, runId));
  }

  hook(body: string): Promise<Answer> {
    return this.lane.arena.send(hooking(this.run.id, this.eventId, body));
  }

  /** It got this, once, and ended with it. */
  async hasEndedWith(notice: string): Promise<void> {
    const result = await this.run.resultOf(1);
    expect(result.step).toMatchObject({ stepId: 1, stepName: 'step 1', waitEventId: this.eventId });
    expect(result.notice ?? 'timeout').toBe(notice);
    expect(await ended(this.run, this.lane)).toMatchObject({
      workflowState: 'RUN_SUCCESS',
      workflowRunResponse: JSON.stringify(notice),
    });
    this.lane.afterwards(() => {
      expect(this.run.deliveries.map(({ retried }) => retried)).toEqual([0, 0]);
      expect(this.run.messagesOf(1)).toHaveLength(1);
    });
  }
}

/** Whether the answer to a notify lists this run. Any answer but a list of this run or nobody is a mistake. */
export function lists(answer: Answer, runId: string): boolean {
  expect(answer.status).toBe(200);
  const listed = answer.json<{ workflowRunId: string; error?: string }[]>();
  expect(listed.filter(({ error = '' }) => error !== '')).toEqual([]);
  const ids = listed.map(({ workflowRunId }) => workflowRunId);
  expect([[], [runId]]).toContainEqual(ids);
  return ids.length === 1;
}

const notifyAgainstWait: Race = {
  name: 'notify against wait',
  outcomes: ['notified by the first', 'notified by the second'],
  async run(lane) {
    const waiter = new WaitingRun(lane);
    const { run } = waiter;
    const beforeNotify = lane.pause(100);
    await lane.arena.start(run);
    await run.begun();
    await beforeNotify();
    const first = await waiter.notify('first');
    const wait = await waiter.answered;
    expect(wait.status).toBe(200);
    const byFirst = lists(first, run.id);
    if (first.sentAt >= wait.answeredAt) expect(byFirst).toBe(true);
    if (!byFirst) expect(run.deliveries).toHaveLength(1);
    const second = await waiter.notify('second');
    expect(lists(second, run.id)).toBe(!byFirst);
    await waiter.hasEndedWith(byFirst ? 'first' : 'second');
    return `notified by the ${byFirst ? 'first' : 'second'}`;
  },
};

const twoNotifiesAgainstWait: Race = {
  name: 'two notifies at once against wait',
  outcomes: ['the one', 'the other', 'neither'],
  async run(lane) {
    const waiter = new WaitingRun(lane);
    const { run } = waiter;
    const pauses = [lane.pause(100), lane.pause(100)];
    await lane.arena.start(run);
    await run.begun();
    const answers = await Promise.all(
      pauses.map(async (pause, index) => {
        await pause();
        return waiter.notify(['the one', 'the other'][index] ?? '');
      }),
    );
    expect((await waiter.answered).status).toBe(200);
    const [one, other] = answers.map((answer) => lists(answer, run.id));
    expect(one && other).toBe(false);
    if (!one && !other) expect(lists(await waiter.notify('neither'), run.id)).toBe(true);
    const notice = one ? 'the one' : other ? 'the other' : 'neither';
    await waiter.hasEndedWith(notice);
    return notice;
  },
};

const targetedNotifyAgainstWait: Race = {
  name: 'notify to the run against wait',
  outcomes: ['it waited', 'kept until it waited'],
  async run(lane) {
    const waiter = new WaitingRun(lane);
    const { run } = waiter;
    const beforeNotify = lane.pause(100);
    await lane.arena.start(run);
    await run.begun();
    await beforeNotify();
    const answer = await waiter.notify('for you', run.id);
    const waited = lists(answer, run.id);
    const wait = await waiter.answered;
    expect(wait.status).toBe(200);
    if (answer.sentAt >= wait.answeredAt) expect(waited).toBe(true);
    await waiter.hasEndedWith('for you');
    return waited ? 'it waited' : 'kept until it waited';
  },
};

const hooksAgainstWaits: Race = {
  name: 'two calls of a webhook against two waits for it',
  outcomes: ['the first call came before the wait', 'the first call came after the wait'],
  async run(lane) {
    const eventId = lane.arena.unique('event');
    const beforeWait = [lane.pause(400), lane.pause(100)];
    const beforeCall = [lane.pause(60), lane.pause(60)];
    const got: (string | undefined)[] = [];
    let waitSentAt = Infinity;
    const run = lane.arena.run(async (self, delivery) => {
      const stepId = delivery.entries.length;
      if (stepId > 1) got.push(bodyOfHook(delivery.notice));
      if (stepId > 2) {
        await lane.arena.send(finishing(self.id, 'null'));
        return undefined;
      }
      await beforeWait[stepId - 1]?.();
      waitSentAt = Math.min(waitSentAt, performance.now());
      const answer = await lane.arena.send(waiting(self, eventId, pendingStep(stepId, 'WaitForWebhook')));
      expect(answer.status).toBe(200);
      return undefined;
    });
    await lane.arena.start(run);
    await run.begun();
    let firstAnsweredAt = 0;
    for (const [index, pause] of beforeCall.entries()) {
      await pause();
      const answer = await lane.arena.send(hooking(run.id, eventId, `call ${index + 1}`));
      expect(answer.status).toBe(200);
      firstAnsweredAt ||= answer.answeredAt;
    }
    await run.resultOf(2);
    expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS' });
    lane.afterwards(() => {
      expect(got).toEqual(['call 1', 'call 2']);
      expect(run.deliveries).toHaveLength(3);
    });
    return `the first call came ${firstAnsweredAt < waitSentAt ? 'before' : 'after'} the wait`;
  },
};

function bodyOfHook(notice = '{}'): string {
  const { method, body = '' } = JSON.parse(notice) as { method?: string; body?: string };
  expect(method).toBe('POST');
  return Buffer.from(body, 'base64').toString();
}

const notifyAgainstTimeout: Race = {
  name: 'notify against timeout',
  outcomes: ['notified', 'timed out'],
  atATime: 250,
  async run(lane) {
    const waiter = new WaitingRun(lane, { timeout: '1s' });
    const { run } = waiter;
    const lateness = lane.random() * 200 - 140;
    await lane.arena.start(run);
    const wait = await waiter.answered;
    expect(wait.status).toBe(200);
    const early = wait.answeredAt + 1_000 + lateness - performance.now();
    await new Promise((passed) => setTimeout(passed, early));
    const notified = lists(await waiter.notify('in time'), run.id);
    await waiter.hasEndedWith(notified ? 'in time' : 'timeout');
    if (!notified) expect((await run.resultOf(1)).step).toMatchObject({ waitTimeout: true });
    const due = wait.sentAt + 1_000;
    if (!notified) expect((await run.resultOf(1)).at).toBeGreaterThanOrEqual(due);
    return notified ? 'notified' : 'timed out';
  },
};

/** Nothing is kept for a run that is over: a third party hears so, whoever notifies finds nobody. */
const hookAgainstEnd: Race = {
  name: 'a call of a webhook, and a notify to the run, against its end',
  outcomes: ['kept for nothing', 'refused'],
  async run(lane) {
    const eventId = lane.arena.unique('event');
    const [beforeEnd, beforeCall] = [lane.pause(40), lane.pause(100)];
    const run = lane.arena.run(async (self) => {
      await beforeEnd();
      expect((await lane.arena.send(finishing(self.id, '"over"'))).status).toBe(200);
      return undefined;
    });
    const call = (): Promise<Answer> => lane.arena.send(hooking(run.id, eventId, 'too late'));
    const notify = (): Promise<Answer> => lane.arena.send(notifying(eventId, 'too late', run.id));
    await lane.arena.start(run);
    await run.begun();
    await beforeCall();
    const [called, notified] = await Promise.all([call(), notify()]);
    expect([200, 404]).toContain(called.status);
    expect(lists(notified, run.id)).toBe(false);
    expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"over"' });
    expect((await call()).status).toBe(404);
    expect(lists(await notify(), run.id)).toBe(false);
    expect((await lane.arena.send(reading(`/v2/waiters/${eventId}`))).json()).toEqual([]);
    lane.afterwards(() => {
      expect(run.deliveries).toHaveLength(1);
    });
    return called.status === 200 ? 'kept for nothing' : 'refused';
  },
};

export const waitRaces: readonly Race[] = [
  notifyAgainstWait,
  twoNotifiesAgainstWait,
  targetedNotifyAgainstWait,
  hooksAgainstWaits,
  notifyAgainstTimeout,
  hookAgainstEnd,
];
