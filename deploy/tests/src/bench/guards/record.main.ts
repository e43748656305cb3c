import { inspect } from 'node:util';
import type { Topology } from '../../e2e/stepwell-under-test';
import { type Baseline, NODE_MAJOR, writeBaseline } from './baseline';
import { Calibration } from './calibration';
import { allocation, Load, relativeCpu, type Turn } from './cost';
import { Counter } from './counts';
import { type Wire, WIRES } from './guarded-app';
import { GuardedEngine } from './guarded-engine';
import type { Counts, Line, Lines } from './lines';
import { round } from './verdict';

/* `npm run guards:record`: what the guards of the hot path compare with. Many turns: its error is in every comparison. */

const TURNS = 20;
/** Until two in a row count the same: what comes by time is in one of them. */
const MOST_COUNTS = 8;
/** In one process nats-server has next to nothing to do: a share of that says nothing. */
const GUARDED = ['all', 'mongod'];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function countsOf(engine: GuardedEngine): Promise<Record<Wire, Lines>> {
  const counter = await Counter.open(engine);
  try {
    return { inline: await settled(counter, 'inline'), official: await settled(counter, 'official') };
  } finally {
    await counter.close();
  }
}

async function settled(counter: Counter, wire: Wire): Promise<Lines> {
  let before = JSON.stringify(exact(await counter.lines(wire)));
  for (let count = 0; count < MOST_COUNTS; count += 1) {
    const lines = exact(await counter.lines(wire));
    if (JSON.stringify(lines) === before) return lines;
    before = JSON.stringify(lines);
  }
  throw new Error(`the counts of ${wire} are not the same twice: ${before}`);
}

/** All but the syncs, which may be shared. */
const exact = (lines: Lines): Lines =>
  Object.fromEntries(Object.entries(lines).filter((entry): entry is [string, Line] => entry[0] !== 'journal syncs'));

async function costsOf(engine: GuardedEngine): Promise<Pick<Baseline, 'cpu' | 'allocatedBytes'>> {
  const calibration = await Calibration.start();
  try {
    const load = await Load.warm(engine, calibration, WIRES);
    const turns: Record<Wire, Turn[]> = { inline: [], official: [] };
    for (let turn = 0; turn < TURNS; turn += 1) for (const wire of WIRES) turns[wire].push(await load.turn(wire));
    for (const wire of WIRES) for (const turn of turns[wire]) say(`${wire} ${JSON.stringify(turn)}`);
    return {
      cpu: { inline: guarded(relativeCpu(turns.inline)), official: guarded(relativeCpu(turns.official)) },
      allocatedBytes: { inline: round(allocation(turns.inline)), official: round(allocation(turns.official)) },
    };
  } finally {
    calibration.stop();
  }
}

const guarded = (figures: Counts): Counts =>
  Object.fromEntries(GUARDED.map((name) => [name, round(figures[name] ?? NaN)]));

async function within<Found>(topology: Topology, look: (engine: GuardedEngine) => Promise<Found>): Promise<Found> {
  const engine = await GuardedEngine.start(topology);
  try {
    return await look(engine);
  } finally {
    await engine.stop();
  }
}

async function main(): Promise<void> {
  const { one, ...costs } = await within('one', async (engine) => ({
    one: await countsOf(engine),
    ...(await costsOf(engine)),
  }));
  const baseline = { nodeMajor: NODE_MAJOR, counts: { one, five: await within('five', countsOf) }, ...costs };
  writeBaseline(baseline);
  say(JSON.stringify(baseline, null, 2));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`);
    process.exit(1);
  },
);
