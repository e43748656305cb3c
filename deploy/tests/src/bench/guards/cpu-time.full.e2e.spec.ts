import { NODE_MAJOR, readBaseline } from './baseline';
import { Calibration } from './calibration';
import { Load, relativeCpu, type Turn } from './cost';
import { type Wire, WIRES } from './guarded-app';
import { GuardedEngine } from './guarded-engine';
import { CPU_TOLERANCE, shareComplaints } from './verdict';

/*
 * A step costs the CPU time it did, as a multiple of what a loop of the same kind of work costs at the same time. Others' work only ever adds:
 * it is looked at until it is as it was, or certain that it isn't.
 */

const baseline = readBaseline();
const LEAST_TURNS = 4;
const MOST_TURNS = 24;
const START_LIMIT_MS = 180_000;

const cpuOf = (wire: Wire, turns: readonly Turn[]): string[] =>
  shareComplaints(`CPU time of one process, ${wire}`, relativeCpu(turns), baseline.cpu[wire], CPU_TOLERANCE);

async function turnsOf(load: Load, wire: Wire): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  while (turns.length < MOST_TURNS) {
    turns.push(await load.turn(wire));
    if (turns.length >= LEAST_TURNS && cpuOf(wire, turns).length === 0) break;
  }
  return turns;
}

(baseline.nodeMajor === NODE_MAJOR ? describe : describe.skip)('CPU time in one process', () => {
  let engine: GuardedEngine;
  let calibration: Calibration;
  let load: Load;

  beforeAll(async () => {
    engine = await GuardedEngine.start('one');
    calibration = await Calibration.start();
  }, START_LIMIT_MS);
  afterAll(async () => {
    calibration.stop();
    await engine.stop();
  });

  test.each(WIRES)('a step costs what it did: %s', async (wire) => {
    load = await Load.warm(engine, calibration, [wire]);
    expect(cpuOf(wire, await turnsOf(load, wire))).toEqual([]);
  });

  // From here on the engine is worse, and stays so.
  test('more computing is noticed', async () => {
    await engine.plant('computation');
    const turns: Turn[] = [];
    while (turns.length < LEAST_TURNS) turns.push(await load.turn('inline'));
    expect(cpuOf('inline', turns)).toContainEqual(
      expect.stringMatching(/^CPU time of one process, inline: all is [\d.]+, \+\d+ % of the baseline [\d.]+$/),
    );
  });
});
