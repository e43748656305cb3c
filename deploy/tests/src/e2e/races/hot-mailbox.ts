import type { Connection } from 'mongoose';
import { seededRandom, seedOfThisRun } from '../random';
import { inStore, inStoppedStore } from '../stopped-store';
import type { Topology } from '../stepwell-under-test';
import { until } from '../until';
import { useArena } from './arena';
import { Crowd } from './crowd';
import { notifying, reading } from './wire-requests';

/*
 * One event id that very many runs wait for (architecture.md section 4, L1, L3, L8): one notify resumes all of them, each once; nobody
 * waits long for the answer, and nothing that is written for it is larger than anything else.
 */

const MIB = 1024 * 1024;
const MOST_BYTES_OF_AN_ENTRY = 4 * MIB;
/** A part is at most 1 MiB of JSON; as BSON, and with what surrounds it in the log, it may be a little more. */
const MOST_BYTES_OF_A_SNAPSHOT = 1.25 * MIB;
/** How many waiters an answer lists at most. */
const LISTED = 1_000;
const ANSWERED_WITHIN_MS = 10_000;
const NOTICE = JSON.stringify({ event: 'doors open', seats: Array.from({ length: 20 }, (_, seat) => seat) });

export interface HotMailbox {
  readonly topology: Topology;
  readonly waiters: number;
  /** Killed, in a second test, in the middle of the telling; absent: nobody is. */
  readonly victim?: string;
  readonly limitMs: number;
}

interface Listed {
  readonly workflowRunId: string;
  readonly error?: string;
}

export function describeHotMailbox({ topology, waiters, victim, limitMs }: HotMailbox): void {
  const seed = seedOfThisRun();

  describe(`a mailbox with ${waiters} waiters, ${topology} process(es), seed ${seed}`, () => {
    const arena = useArena(topology);

    const allWait = async (): Promise<Crowd> => {
      const crowd = new Crowd(arena, arena.unique('event'), NOTICE, waiters);
      const startedAt = performance.now();
      await crowd.start();
      await until('all are registered', () => crowd.waiting.size === waiters, limitMs);
      const tookMs = performance.now() - startedAt;
      say(`${waiters} waits registered in ${seconds(tookMs)}, ${Math.round((waiters / tookMs) * 1000)} a second`);
      const { length } = (await arena.send(reading(`/v2/waiters/${crowd.eventId}`))).json<unknown[]>();
      expect(length).toBe(Math.min(waiters, LISTED));
      return crowd;
    };

    const hasSnapshot = (): Promise<boolean> =>
      inStore(
        arena.stepwell.mongoUrl,
        async (connection) =>
          (await connection.collection('log').findOne({ 'events.type': 'MailboxSnapshot' })) !== null,
      );

    const allResumedOnce = async (crowd: Crowd): Promise<void> => {
      await until('all have ended', () => crowd.ended.size === waiters, limitMs);
      await arena.settled();
      expect([crowd.resumed, crowd.resumedTwice, crowd.wrongNotices]).toEqual([waiters, [], []]);
      for (const { id } of crowd.sample(20)) {
        const log = await arena.log(id);
        expect([log?.workflowState, log?.steps.flatMap(({ steps }) => steps).length]).toEqual(['RUN_SUCCESS', 2]);
      }
      for (const request of [reading(`/v2/waiters/${crowd.eventId}`), notifying(crowd.eventId, 'too late')])
        expect((await arena.send(request)).json()).toEqual([]);
      expect(arena.complaints()).toEqual([]);
    };

    it(
      'is notified: answered soon, all resumed once, with what the notice carried',
      async () => {
        const crowd = await allWait();
        // Once all timers are known to be set there are more entries than waiters.
        await until('a snapshot is written', hasSnapshot, limitMs);
        const answer = await arena.send(notifying(crowd.eventId, NOTICE));
        const tookMs = answer.answeredAt - answer.sentAt;
        const listed = answer.json<Listed[]>();
        const listedIds = new Set(listed.map(({ workflowRunId }) => workflowRunId));
        expect([answer.status, listed.length, listedIds.size]).toEqual([200, Math.min(waiters, LISTED), listed.length]);
        expect(listed.filter(({ error = '' }) => error !== '')).toEqual([]);
        expect(tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
        await allResumedOnce(crowd);
        const { resumptions, lastResumedAt } = crowd;
        expect(resumptions).toBe(waiters);
        say(`notify answered in ${seconds(tookMs)}, the last resumed after ${seconds(lastResumedAt - answer.sentAt)}`);
      },
      2 * limitMs,
    );

    if (victim !== undefined) {
      it(
        `resumes all of them once although ${victim} is killed in the middle of it`,
        async () => {
          const crowd = await allWait();
          const moment = Math.floor(waiters * (0.02 + 0.5 * seededRandom(seed)()));
          const sentAt = performance.now();
          // Its answer may die with the engine. That it was accepted is known by the first who is told.
          const answered = arena.send(notifying(crowd.eventId, NOTICE)).catch(() => undefined);
          await until('the telling is in full swing', () => crowd.resumed >= moment, limitMs);
          arena.stepwell.kill(victim);
          const toldBefore = crowd.resumed;
          await allResumedOnce(crowd);
          await answered;
          const { resumptions, lastResumedAt } = crowd;
          say(
            `${victim} killed after ${toldBefore}, the last resumed after ${seconds(lastResumedAt - sentAt)}, ` +
              `${resumptions - waiters} delivered twice`,
          );
        },
        2 * limitMs,
      );
    }

    it(
      'has left no document over its bound',
      async () => {
        await arena.stepwell.stop();
        const { largest, snapshots } = await inStoppedStore(arena.stepwell.dataDir, sizesInLog);
        say(`largest document ${largest} bytes; ${snapshots.count} snapshots, the largest ${snapshots.largest} bytes`);
        expect(largest).toBeLessThanOrEqual(MOST_BYTES_OF_AN_ENTRY);
        expect(snapshots.count).toBeGreaterThan(0);
        expect(snapshots.largest).toBeLessThanOrEqual(MOST_BYTES_OF_A_SNAPSHOT);
      },
      limitMs,
    );
  });
}

interface Sizes {
  readonly largest: number;
  readonly snapshots: { readonly count: number; readonly largest: number };
}

async function sizesInLog(connection: Connection): Promise<Sizes> {
  const log = connection.collection('log');
  const sizeOf = async (match: object): Promise<{ count: number; largest: number }> => {
    const group = { _id: null, count: { $sum: 1 }, largest: { $max: { $bsonSize: '$$ROOT' } } };
    const [found] = await log
      .aggregate<{ count: number; largest: number }>([{ $match: match }, { $group: group }])
      .toArray();
    return found ?? { count: 0, largest: 0 };
  };
  const all = await sizeOf({});
  return { largest: all.largest, snapshots: await sizeOf({ 'events.type': 'MailboxSnapshot' }) };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
