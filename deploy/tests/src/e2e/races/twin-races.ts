import type { Answer } from './bare-client';
import type { BareRun } from './bare-run';
import type { Delivery } from './delivery';
import { ended } from './endings';
import type { Lane, Race } from './race';
import { lists } from './wait-races';
import type { WireRequest } from './wire-requests';
import {
  calling,
  finishing,
  invoking,
  notifying,
  pendingStep,
  planOf,
  reading,
  returning,
  runStep,
  starting,
  submitting,
  waiting,
} from './wire-requests';

/*
 * The same submission twice at once, as a retried delivery and its predecessor make it (protocol.md 7.6): one message, the other answer says
 * `deduplicated` and names it, and what follows from it happens once.
 */

interface Accepted {
  readonly messageId: string;
  readonly deduplicated?: boolean;
}

/** Whether the second was asked before the first was answered: otherwise it was no race. */
const OVERLAPS = ['at once', 'one after the other'] as const;
type Overlap = (typeof OVERLAPS)[number];

/** Two requests, a moment apart at most. What follows from the first may not end the run before the second is answered. */
class Twins {
  private readonly pending: Promise<unknown>[] = [];
  private readonly pauses: (() => Promise<void>)[];
  overlap: Overlap = 'one after the other';

  constructor(private readonly lane: Lane) {
    this.pauses = Array.from({ length: 8 }, () => lane.pause(400));
  }

  /** Sends both. @returns their answers, item by item; no items where the protocol gives an answer no body */
  async send(...requests: readonly [WireRequest, WireRequest]): Promise<readonly (readonly Accepted[])[]> {
    const answering = Promise.all(requests.map((request) => this.sendSoon(request)));
    this.pending.push(answering);
    const answers = await answering;
    expect(answers.map(({ status }) => Math.floor(status / 100))).toEqual([2, 2]);
    if (overlapped(answers)) this.overlap = 'at once';
    return answers.map(({ text }) => {
      const body = text === '' ? [] : (JSON.parse(text) as Accepted | Accepted[]);
      return Array.isArray(body) ? body : [body];
    });
  }

  /** Sends both; one of them is the message, the other a duplicate of it, item by item. */
  async sendAsOne(...requests: readonly [WireRequest, WireRequest]): Promise<void> {
    const [one = [], other = []] = await this.send(...requests);
    expect(one.length).toBeGreaterThan(0);
    expect(one.map(({ messageId }) => messageId)).toEqual(other.map(({ messageId }) => messageId));
    const deduplicated = one.map(
      (item, index) => [item, other[index]].filter((each) => each?.deduplicated === true).length,
    );
    expect(deduplicated).toEqual(one.map(() => 1));
  }

  /** Ends the run, once all twins have been answered. */
  async finish(run: BareRun): Promise<void> {
    await Promise.allSettled(this.pending);
    await this.lane.arena.send(finishing(run.id, '"done"'));
  }

  private async sendSoon(request: WireRequest): Promise<Answer> {
    await this.pauses.pop()?.();
    return this.lane.arena.send(request);
  }
}

function overlapped([one, other]: readonly Answer[]): boolean {
  if (!one || !other) return false;
  return one.sentAt < other.answeredAt && other.sentAt < one.answeredAt;
}

/** A run of one step: whatever leads to its result is done twice, the result ends it. */
function twinRun(lane: Lane, twins: Twins, toDo: (run: BareRun, delivery: Delivery) => Promise<void>): BareRun {
  return lane.arena.run(async (self, delivery) => {
    if (delivery.isResultOf(1)) await twins.finish(self);
    else await toDo(self, delivery);
    return undefined;
  });
}

async function expectOneResult(lane: Lane, run: BareRun, deliveries: number): Promise<void> {
  await run.resultOf(1);
  expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"done"' });
  lane.afterwards(() => {
    expect(run.messagesOf(1)).toHaveLength(1);
    expect(run.deliveries.map(({ retried }) => retried)).toEqual(Array.from({ length: deliveries }, () => 0));
  });
}

const twinStarts: Race = {
  name: 'two starts with one id',
  outcomes: OVERLAPS,
  async run(lane) {
    const twins = new Twins(lane);
    const run = twinRun(lane, twins, async (self) => {
      await lane.arena.send(submitting(self, [runStep(1)]));
    });
    await twins.sendAsOne(starting([run]), starting([run]));
    await expectOneResult(lane, run, 2);
    return twins.overlap;
  },
};

const twinSteps: Race = {
  name: 'two identical steps',
  outcomes: OVERLAPS,
  async run(lane) {
    const twins = new Twins(lane);
    const run = twinRun(lane, twins, (self) => {
      const step = submitting(self, [runStep(1)]);
      return twins.sendAsOne(step, step);
    });
    await lane.arena.start(run);
    await expectOneResult(lane, run, 2);
    return twins.overlap;
  },
};

const twinPlans: Race = {
  name: 'two identical plans, and each result twice',
  outcomes: OVERLAPS,
  async run(lane) {
    const size = 3;
    const all = 1 + 2 * size;
    const twins = new Twins(lane);
    const joins: string[] = [];
    const run = lane.arena.run(async (self, { entries, messageId, step }) => {
      if (!step) {
        const plans = Array.from({ length: size }, (_, index) => planOf(index + 1, size));
        await twins.sendAsOne(submitting(self, plans), submitting(self, plans));
      } else if (step.targetStep !== undefined) {
        const result = submitting(self, [runStep(step.targetStep, '"r"', size)]);
        await twins.sendAsOne(result, result);
      } else if (entries.length === all) {
        joins.push(messageId);
        await twins.finish(self);
      }
      return undefined;
    });
    await lane.arena.start(run);
    await run.delivered('join', ({ entries }) => entries.length === all);
    expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS' });
    lane.afterwards(() => {
      expect(joins).toHaveLength(1);
      // The end may overtake the results that discard, and nothing else.
      expect(run.deliveries.length).toBeLessThanOrEqual(all);
      expect(new Set(run.deliveries.map((each) => each.messageId)).size).toBe(run.deliveries.length);
    });
    return twins.overlap;
  },
};

const twinCalls: Race = {
  name: 'two identical calls, and the result twice',
  outcomes: OVERLAPS,
  async run(lane) {
    const thirdParty = lane.arena.thirdParty('answer');
    const twins = new Twins(lane);
    const run = twinRun(lane, twins, (self, { kind }) => {
      const call = calling(self, pendingStep(1, 'Call'), thirdParty.url, 'question');
      const result = returning(self, { ...runStep(1), stepType: 'Call' });
      return kind === 'callback' ? twins.sendAsOne(result, result) : twins.sendAsOne(call, call);
    });
    await lane.arena.start(run);
    await expectOneResult(lane, run, 3);
    lane.afterwards(() => {
      expect(thirdParty.calls).toBe(1);
    });
    return twins.overlap;
  },
};

const twinWaits: Race = {
  name: 'two identical waits',
  outcomes: OVERLAPS,
  async run(lane) {
    const eventId = lane.arena.unique('event');
    const twins = new Twins(lane);
    const run = twinRun(lane, twins, async (self) => {
      const wait = waiting(self, eventId, pendingStep(1, 'Wait'));
      await twins.send(wait, wait);
      const waiters = await lane.arena.send(reading(`/v2/waiters/${eventId}`));
      expect(waiters.json()).toHaveLength(1);
      expect(lists(await lane.arena.send(notifying(eventId, 'once')), self.id)).toBe(true);
      expect(lists(await lane.arena.send(notifying(eventId, 'never')), self.id)).toBe(false);
    });
    await lane.arena.start(run);
    await expectOneResult(lane, run, 2);
    expect((await run.resultOf(1)).notice).toBe('once');
    return twins.overlap;
  },
};

/** The child's id is a new one each time: that they are the same is known by the parent's step alone. */
const twinInvokes: Race = {
  name: 'two identical invokes with children of different ids',
  outcomes: OVERLAPS,
  async run(lane) {
    const twins = new Twins(lane);
    const child = (): BareRun =>
      lane.arena.run(async (self) => {
        await lane.arena.send(finishing(self.id, JSON.stringify(self.id)));
        return undefined;
      }, 'child');
    const [one, other] = [child(), child()];
    const run = twinRun(lane, twins, (self) => {
      const step = pendingStep(1, 'Invoke');
      return twins.sendAsOne(invoking(self, step, one), invoking(self, step, other));
    });
    await lane.arena.start(run);
    await expectOneResult(lane, run, 2);
    const { workflowRunId, body } = JSON.parse((await run.resultOf(1)).step?.out ?? '') as Record<string, string>;
    expect(body).toBe(JSON.stringify(workflowRunId));
    lane.afterwards(() => {
      const started = [one, other].filter(({ deliveries }) => deliveries.length > 0);
      expect(started.map(({ id, deliveries }) => [id, deliveries.length])).toEqual([[workflowRunId, 1]]);
    });
    return twins.overlap;
  },
};

const twinFinishes: Race = {
  name: 'two finishes',
  outcomes: OVERLAPS,
  async run(lane) {
    const twins = new Twins(lane);
    const run = lane.arena.run(async (self) => {
      await twins.send(finishing(self.id, '"done"'), finishing(self.id, '"done"'));
      return undefined;
    });
    await lane.arena.start(run);
    await run.begun();
    expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"done"' });
    lane.afterwards(() => {
      expect(run.deliveries).toHaveLength(1);
    });
    return twins.overlap;
  },
};

export const twinRaces: readonly Race[] = [
  twinStarts,
  twinSteps,
  twinPlans,
  twinCalls,
  twinWaits,
  twinInvokes,
  twinFinishes,
];
