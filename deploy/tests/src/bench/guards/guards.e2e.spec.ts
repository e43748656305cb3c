import { NODE_MAJOR, readBaseline } from './baseline';
import { Calibration } from './calibration';
import { allocation, Load, type Turn } from './cost';
import { Counter, LONG } from './counts';
import { type Wire, WIRES } from './guarded-app';
import { GuardedEngine } from './guarded-engine';
import { ALLOCATION_TOLERANCE, countComplaints, shareComplaints, syncComplaints } from './verdict';

/*
 * The hot path costs what it did, and each guard says no to a regression that is planted. A count may be disturbed by what comes by time (a
 * watch over streams, a stalled run's row): then it is looked at again. A regression is there each time. CPU time is guarded beside it
 * (`cpu-time.full.e2e.spec.ts`).
 */

const baseline = readBaseline();
const COUNTS_TRIED = 4;
const TURNS = 4;
const MOST_TURNS = 12;
const testWithItsNode = baseline.nodeMajor === NODE_MAJOR ? test : test.skip;
const START_LIMIT_MS = 180_000;

async function countsOf(counter: Counter, engine: GuardedEngine, wire: Wire): Promise<string[]> {
  const where = `${engine.topology}, ${wire}`;
  const lines = await counter.lines(wire);
  return [
    ...countComplaints(where, lines, baseline.counts[engine.topology][wire]),
    ...syncComplaints(where, lines, LONG),
  ];
}

async function countsInTheEnd(counter: Counter, engine: GuardedEngine, wire: Wire): Promise<string[]> {
  let complaints: string[] = [];
  for (let tried = 0; tried < COUNTS_TRIED; tried += 1) {
    complaints = await countsOf(counter, engine, wire);
    if (complaints.length === 0) break;
  }
  return complaints;
}

const allocationOf = (wire: Wire, turns: readonly Turn[]): string[] =>
  shareComplaints(
    `one process, ${wire}`,
    { 'bytes allocated a step by all': allocation(turns) },
    { 'bytes allocated a step by all': baseline.allocatedBytes[wire] },
    ALLOCATION_TOLERANCE,
  );

async function turns(load: Load, wire: Wire, count: number): Promise<readonly Turn[]> {
  const all: Turn[] = [];
  while (all.length < count) all.push(await load.turn(wire));
  return all;
}

describe('in one process', () => {
  let engine: GuardedEngine;
  let counter: Counter;
  let calibration: Calibration;
  let load: Load;

  beforeAll(async () => {
    engine = await GuardedEngine.start('one');
    counter = await Counter.open(engine);
    calibration = await Calibration.start();
  }, START_LIMIT_MS);
  afterAll(async () => {
    calibration.stop();
    await counter.close();
    await engine.stop();
  });

  test.each(WIRES)('a run of n steps has its writes, reads, syncs and messages: %s', async (wire) => {
    expect(await countsInTheEnd(counter, engine, wire)).toEqual([]);
  });

  testWithItsNode.each(WIRES)('a step allocates what it did: %s', async (wire) => {
    load = await Load.warm(engine, calibration, [wire]);
    const made: Turn[] = [];
    while (made.length < MOST_TURNS) {
      made.push(...(await turns(load, wire, TURNS)));
      if (allocationOf(wire, made).length === 0) break;
    }
    expect(allocationOf(wire, made)).toEqual([]);
  });

  // From here on the engine is worse, and stays so.
  testWithItsNode('more memory is noticed', async () => {
    await engine.plant('garbage');
    expect(allocationOf('inline', await turns(load, 'inline', 2))).toEqual([
      expect.stringMatching(/^one process, inline: bytes allocated a step by all is \d+, \+\d+ % of the baseline \d+$/),
    ]);
  });

  test('one more write is noticed', async () => {
    await engine.plant('write');
    const complaints = await countsOf(counter, engine, 'inline');
    expect(complaints).toContain(
      'one, inline: log writes are 2 a step and 2 a run, the baseline is 1 a step and 1 a run',
    );
    expect(complaints).toContainEqual(expect.stringMatching(/^one, inline: log documents are 2 a step/));
  });
});

describe('in five processes', () => {
  let engine: GuardedEngine;
  let counter: Counter;

  beforeAll(async () => {
    engine = await GuardedEngine.start('five');
    counter = await Counter.open(engine);
  }, START_LIMIT_MS);
  afterAll(async () => {
    await counter.close();
    await engine.stop();
  });

  test.each(WIRES)('a run of n steps has its writes, reads, syncs and messages: %s', async (wire) => {
    expect(await countsInTheEnd(counter, engine, wire)).toEqual([]);
  });

  test('one more message is noticed', async () => {
    await engine.plant('message');
    expect(await countsOf(counter, engine, 'inline')).toContainEqual(
      expect.stringMatching(
        /^five, inline: messages sent are (5|4\.[89]\d*) a step and \d+(\.\d+)? a run, the baseline is 4 a step/,
      ),
    );
  });
});
