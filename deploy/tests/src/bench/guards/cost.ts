import { setPriority } from 'node:os';
import { readdirSync } from 'node:fs';
import type { Calibration } from './calibration';
import { cpuUsOf } from './cpu-time';
import type { Wire } from './guarded-app';
import type { GuardedEngine } from './guarded-engine';
import type { Counts } from './lines';
import { median } from '../../statistics';

const IN_FLIGHT = 100;
const STEPS_OF_RUN = 10;
const TURN_MS = 900;
/** The loop is to be there for as long as the load is. */
const CALIBRATION_MS = 1_000;
const LEAST_WARM_STEPS = 4_000;
/** Before other work of the machine, where that is allowed: what is put off a core finds its caches cold. */
const PRIORITY = -15;

/** One load, and what the calibration loop cost beside it. */
export interface Turn {
  readonly calibrationUs: number;
  /** Of each process, for a step. */
  readonly cpuUs: Counts;
  readonly allocatedBytes: number;
}

/** What steps cost, many in flight; the calibration loop goes at the same time, so that what disturbs one disturbs both. */
export class Load {
  private constructor(
    private readonly engine: GuardedEngine,
    private readonly calibration: Calibration,
  ) {}

  /** Code is compiled, and caches are filled. */
  static async warm(engine: GuardedEngine, calibration: Calibration, wires: readonly Wire[]): Promise<Load> {
    const pids = [process.pid, ...calibration.pids, ...Object.values(engine.pids)];
    for (const pid of pids) prefer(pid);
    const load = new Load(engine, calibration);
    for (const wire of wires) {
      const enough = engine.app.steps + LEAST_WARM_STEPS;
      while (engine.app.steps < enough) await load.turn(wire);
    }
    return load;
  }

  async turn(wire: Wire): Promise<Turn> {
    const { engine } = this;
    const pids = Object.entries(engine.pids);
    await engine.beginAllocations();
    const before = pids.map(([, pid]) => cpuUsOf(pid));
    const calibrated = this.calibration.turn(CALIBRATION_MS);
    const steps = await engine.app.load(wire, IN_FLIGHT, STEPS_OF_RUN, TURN_MS);
    const cpuUs = pids.map(([name, pid], index) => [name, (cpuUsOf(pid) - (before[index] ?? 0)) / steps] as const);
    const allocatedBytes = (await engine.allocatedBytes()) / steps;
    return { calibrationUs: await calibrated, cpuUs: Object.fromEntries(cpuUs), allocatedBytes };
  }
}

/**
 * CPU time as a multiple of the calibration loop's. Others' work only ever adds to either: the least of many turns is what it costs alone.
 */
export function relativeCpu(turns: readonly Turn[]): Counts {
  const least = (of: (turn: Turn) => number): number => Math.min(...turns.map(of));
  const unit = least(({ calibrationUs }) => calibrationUs);
  const names = Object.keys(turns[0]?.cpuUs ?? {});
  return Object.fromEntries(names.map((name) => [name, least(({ cpuUs }) => cpuUs[name] ?? NaN) / unit]));
}

export const allocation = (turns: readonly Turn[]): number => median(turns.map(({ allocatedBytes }) => allocatedBytes));

function prefer(pid: number): void {
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) setPriority(Number(task), PRIORITY);
  } catch {
    // Not allowed, or a thread that has just ended: it takes more turns.
  }
}
