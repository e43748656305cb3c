import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CompletionsWatch } from '../chaos/completions-watch';
import { ROLES } from '../chaos/cluster';
import type { Disturbance } from '../chaos/faults/fault';
import { RunStates } from '../chaos/run-states';
import { Servers } from '../chaos/servers/servers';
import { Stage } from '../chaos/stage';
import type { Verdict } from '../chaos/verdict';
import { verdictOn } from '../chaos/verdict';
import type { Workload } from '../chaos/workload';
import { seededRandom } from '../e2e/random';
import { until } from '../e2e/until';
import type { Loss } from './forgetful-disk';
import { ForgetfulDisk } from './forgetful-disk';

export interface PowerCutOptions {
  readonly seed: number;
  readonly cuts: number;
  readonly inFlight: number;
  /** Path of the forgetful file system. */
  readonly program: string;
  /** Without it, syncs of mongod's journal do nothing, as if it had none. */
  readonly journaling: boolean;
  /** How long users try, and how long all may take to end afterwards. Default 4 minutes. */
  readonly patienceMs?: number;
  readonly onCut?: (cut: PowerCut) => void;
}

export interface PowerCut {
  readonly number: number;
  /** What became of NATS besides: all gone, or what it had at the previous cut. */
  readonly nats: 'wiped' | 'set back';
  readonly loss: Loss;
  /** Starts that had been acknowledged in all. */
  readonly acknowledged: number;
  /** From power on until mongod is primary, all services are ready, and a run's start is acknowledged. */
  readonly primaryAfterMs: number;
  readonly readyAfterMs: number;
  readonly answersAfterMs: number;
}

export interface PowerCutResult extends Verdict {
  readonly cuts: readonly PowerCut[];
  /** Where logs and data are, when something is wrong; else nothing is left. */
  readonly folder: string;
}

/** Of mongod. */
const JOURNAL_FOLDER = 'journal';
const EVERYTHING = ['mongod', 'nats', ...ROLES] as const;
/** Nothing of before a power cut is alive after it: nobody's lease has to be waited for. */
const SETTINGS = { STEPWELL_MEMBER_NAME: 'the-only-one' };
/** Power stays on until so many more starts have been acknowledged and a moment has passed, and no longer than the limit. */
const STARTS = { least: 2, most: 20 };
const MOMENT_MS = 1_500;
const ON_LIMIT_MS = 15_000;

/**
 * Users at work while the power is cut again and again: mongod, NATS and the services die at once, and the disk forgets what wasn't synced.
 * Then quiet, and the question what became of what they were told.
 */
export async function powerCuts(options: PowerCutOptions): Promise<PowerCutResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-power-cut-'));
  const diskPath = join(folder, 'disk');
  mkdirSync(diskPath);
  const disk = await ForgetfulDisk.mount(options.program, diskPath, options.journaling ? undefined : JOURNAL_FOLDER);
  let result: PowerCutResult | undefined;
  try {
    const servers = await Servers.start({ folder: disk.path, copies: folder, replicas: 1, haveSmallDisks: false });
    try {
      result = await onServers(options, { folder, disk, servers });
    } finally {
      await servers.stop();
    }
  } catch (error) {
    throw new Error(`the power cuts came to nothing, logs and data are in ${folder}`, { cause: error });
  } finally {
    const isWrong = result === undefined || result.violations.length > 0;
    if (isWrong) cpSync(disk.path, join(folder, 'data'), { recursive: true });
    await disk.unmount();
    if (!isWrong) rmSync(folder, { recursive: true, force: true });
  }
  return result;
}

interface Machine {
  readonly folder: string;
  readonly disk: ForgetfulDisk;
  readonly servers: Servers;
}

async function onServers(options: PowerCutOptions, machine: Machine): Promise<PowerCutResult> {
  const { folder, disk, servers } = machine;
  const { seed, inFlight, patienceMs, onCut } = options;
  const random = seededRandom(seed);
  const stage = await Stage.set(servers, { folder, seed, members: 1, settings: SETTINGS });
  const states = new RunStates(stage.app);
  const stop = new AbortController();
  try {
    await stage.cluster.start();
    // Folders and empty databases: whoever installs, waits a while before the power fails for the first time.
    await disk.sync();
    const watch = await CompletionsWatch.begin(servers.directNatsUrl);
    const workload = stage.workload(states, { inFlight, random: seededRandom(seed + 1), patienceMs });
    const working = workload.run(stop.signal);
    const cuts: PowerCut[] = [];
    const disturbances: Disturbance[] = [];
    while (cuts.length < options.cuts) {
      const enough = workload.acknowledged.length + STARTS.least + random() * (STARTS.most - STARTS.least);
      const areAtWork = (): boolean => workload.acknowledged.length >= enough;
      await until('users are at work', areAtWork, ON_LIMIT_MS).catch(() => undefined);
      await delay(random() * MOMENT_MS);
      const from = Date.now();
      const cut = await cutPower(cuts.length + 1, machine, stage, workload);
      disturbances.push({ name: 'power cut', kind: 'kill', hits: EVERYTHING, from, to: Date.now() });
      cuts.push(cut);
      onCut?.(cut);
    }
    stop.abort();
    await working;
    const verdict = await verdictOn({ stage, states, workload, watch, disturbances, limitMs: patienceMs });
    await watch.stop();
    return { ...verdict, cuts, folder };
  } finally {
    stop.abort();
    await stage.strike();
  }
}

/** Off and on again. */
async function cutPower(
  number: number,
  { disk, servers }: Machine,
  { cluster }: Stage,
  workload: Workload,
): Promise<PowerCut> {
  const [mongod] = servers.mongods.members;
  await Promise.all([mongod?.kill(), servers.nats.kill(), cluster.stop()]);
  const acknowledged = workload.acknowledged.length;
  const nats = number % 2 === 1 ? 'wiped' : 'set back';
  // With what it had not synced: an older state, and not an empty one.
  if (nats === 'wiped') await servers.copyNats();
  const loss = await disk.cut();
  await (nats === 'wiped' ? servers.forgetNats() : servers.setNatsBack());

  const onAt = performance.now();
  await Promise.all([mongod?.start(), servers.nats.start()]);
  const primaryAfterMs = performance.now() - onAt;
  await cluster.start();
  const readyAfterMs = performance.now() - onAt;
  await workload.startAnother();
  return { number, nats, loss, acknowledged, primaryAfterMs, readyAfterMs, answersAfterMs: performance.now() - onAt };
}
