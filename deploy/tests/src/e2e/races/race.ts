import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../random';
import type { Arena } from './arena';

/*
 * A race is run many times, many at once. What it does is decided by its seed and number alone, how it ends is not: it says which of its
 * outcomes came about, and fails when what it saw fits none of them.
 */

export interface Race {
  readonly name: string;
  /** Every one of them has to come about, or it was no race. */
  readonly outcomes: readonly string[];
  /** How many are under way at a time. */
  readonly atATime?: number;
  /** How many are looked at together once everything is quiet. */
  readonly portion?: number;
  /** @returns the outcome @throws Error when something came about that may not */
  readonly run: (lane: Lane) => Promise<string>;
}

/** One run of a race: its chances, and what has to be looked at once everything is quiet. */
export class Lane {
  readonly random: () => number;
  readonly checks: (() => void | Promise<void>)[] = [];

  constructor(
    readonly arena: Arena,
    readonly number: number,
    seed: number,
  ) {
    this.random = seededRandom(seed + number * SEEDS_APART);
  }

  /** Up to so many milliseconds, mostly few of them: what takes long today took a moment yesterday, on another machine. */
  pause(mostMs: number): () => Promise<void> {
    const ms = this.random() ** SHORT_MOSTLY * mostMs;
    return async () => {
      if (ms < 1) await new Promise((passed) => setImmediate(passed));
      else await delay(ms);
    };
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = Math.floor(this.random() * (index + 1));
      [shuffled[index], shuffled[other]] = [shuffled[other] as Item, shuffled[index] as Item];
    }
    return shuffled;
  }

  /** For what must still hold when nothing more is under way. */
  afterwards(check: () => void | Promise<void>): void {
    this.checks.push(check);
  }
}

const SHORT_MOSTLY = 3;
/** A prime, so that neighbours have nothing in common. */
const SEEDS_APART = 7_919;
const AT_A_TIME = 50;
const PORTION = 500;
/** After so many there is nothing more to learn. */
const ENOUGH_FAILURES = 5;

export interface HowOften {
  readonly times: number;
  /** No more are begun after this time. Default: all of them, however long it takes. */
  readonly withinMs?: number;
}

/** Runs it so often and says how many times it had which outcome. @throws Error with everything that went wrong */
export async function runRace(
  arena: Arena,
  race: Race,
  { times, withinMs = Infinity }: HowOften,
  seed: number,
): Promise<Map<string, number>> {
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt > withinMs;
  const tally = new Map<string, number>(race.outcomes.map((outcome) => [outcome, 0]));
  const failures: string[] = [];
  const attempt = async (number: number, what: () => Promise<void>): Promise<void> => {
    try {
      await what();
    } catch (error) {
      failures.push(`race ${number}: ${shortly(error)}`);
    }
  };
  let begun = 0;
  const hasMore = (): boolean => begun < times && failures.length < ENOUGH_FAILURES && !isOver();
  /** What was seen of a portion is forgotten with it: of all races together it would be too much. */
  const runPortion = async (size: number): Promise<void> => {
    const lanes: Lane[] = [];
    const runNext = async (): Promise<void> => {
      while (lanes.length < size && hasMore()) {
        const lane = new Lane(arena, begun, seed);
        begun += 1;
        lanes.push(lane);
        await attempt(lane.number, async () => {
          const outcome = await race.run(lane);
          tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(size, race.atATime ?? AT_A_TIME) }, runNext));
    if (failures.length === 0) await arena.settled();
    for (const lane of lanes) {
      for (const check of lane.checks)
        if (failures.length < ENOUGH_FAILURES) await attempt(lane.number, async () => check());
    }
    failures.push(...arena.complaints());
  };
  while (hasMore()) await runPortion(Math.min(times - begun, race.portion ?? PORTION));
  if (failures.length > 0) {
    throw new Error(`${race.name}, seed ${seed}:\n${failures.slice(0, ENOUGH_FAILURES).join('\n')}`);
  }
  return tally;
}

/** What was expected, and where; without the code around it. */
function shortly(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = /\(.*\/(races\/[^)]+)\)/.exec(error.stack ?? '')?.[1];
  return `${error.message}${where === undefined ? '' : ` (${where})`}`;
}
