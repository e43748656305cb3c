import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../e2e/until';
import type { BenchCase, Done } from './cases/case';
import { countedSince, type Counters, type Engine, type EngineKind } from './engines/engine';
import { CpuWatch, type Usage } from './machine/cpu-watch';
import { ClosedLoop } from './work/closed-loop';
import { problemsOf } from './work/verdict';

export interface Load {
  readonly seconds: number;
  readonly steps: number;
  readonly inFlight: number;
  /** As in `EngineKind.start`. */
  readonly profileTo?: string;
}

/** What one run of a case on one engine showed, while its window was open. */
export interface Measurement extends Done {
  /** When it was opened, in µs of the machine's monotonic clock, and for how long. */
  readonly openedAtUs: number;
  readonly ms: number;
  readonly usage: readonly Usage[];
  /** Of the whole machine, by processes that don't belong to the measurement: from 0 to 1. */
  readonly foreignShare: number;
  /** What was added to each counter. */
  readonly counted: Counters;
  /** Starts that were refused for load. */
  readonly shed: number;
  /** Runs that were begun and had not ended when the window was closed. */
  readonly open: number;
}

/** Before the window opens, for code to be compiled and caches to be filled: that share of its time, and no less than that. */
const WARM_UP_SHARE = 0.4;
const LEAST_WARM_UP_MS = 2_000;
const DRAINED_WITHIN_MS = 180_000;

/**
 * One engine on fresh data: warm-up, window, then no new runs until the last has ended; only then is it known whether the work was right.
 *
 * @throws Error when a run failed, or when steps, calls or results are not what they have to be: such figures are none
 */
export async function measure(kind: EngineKind, benchCase: BenchCase, load: Load): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-bench-'));
  try {
    const engine = await kind.start(folder, load.profileTo);
    try {
      return await measureEngine(kind, engine, benchCase, load);
    } finally {
      await engine.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureEngine(
  kind: EngineKind,
  engine: Engine,
  benchCase: BenchCase,
  { seconds, steps, inFlight }: Load,
): Promise<Measurement> {
  const tally = { shed: 0 };
  const { writes: writesBefore = 0 } = await engine.counters();
  const loop = new ClosedLoop(inFlight, steps, (order) => benchCase.turn(engine, order, tally));
  await loop.during(Math.max(LEAST_WARM_UP_MS, seconds * 1000 * WARM_UP_SHARE));

  const before = await engine.counters();
  const shedBefore = tally.shed;
  const watch = new CpuWatch([...engine.processes, { name: 'driver', pid: process.pid, part: 'harness' }]);
  await engine.app.openWindow();
  loop.openWindow();
  const openedAtUs = monotonicUs();
  await loop.during(seconds * 1000);
  const ms = (monotonicUs() - openedAtUs) / 1000;
  const turnMs = [...loop.window];
  const app = await engine.app.window();
  const used = watch.read();
  const counted = countedSince(before, await engine.counters());
  const open = loop.begun - (await engine.app.totals()).ended;
  const shed = tally.shed - shedBefore;

  await drain(engine, loop);
  const expected = { runs: loop.begun, steps, ...countsPerRun(kind, steps) };
  const writes = async (): Promise<number> => ((await engine.counters()).writes ?? 0) - writesBefore;
  // An end that was told in an answer is recorded a moment later.
  if (expected.writesPerRun !== undefined) {
    const least = expected.runs * expected.writesPerRun;
    await until(`${least} entries are in the log`, async () => (await writes()) >= least, DRAINED_WITHIN_MS);
  }
  const problems = problemsOf({ ...(await engine.app.totals()), writes: await writes() }, expected);
  if (problems.length > 0) throw new Error(`${kind.name} did wrong work in ${benchCase.name}:\n${problems.join('\n')}`);
  return { openedAtUs, ms, ...benchCase.done(app, turnMs), ...used, counted, shed, open };
}

const countsPerRun = ({ callsPerRun, writesPerRun }: EngineKind, steps: number) => ({
  callsPerRun: callsPerRun(steps),
  writesPerRun: writesPerRun?.(steps),
});

const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);

/** Also of runs whose end nobody waited for. A call too many may come at the very end: it gets a moment. */
async function drain(engine: Engine, loop: ClosedLoop): Promise<void> {
  let isDone = false;
  const stopped = loop.stop().finally(() => {
    isDone = true;
  });
  await Promise.race([stopped, until('all runs have ended', () => isDone, DRAINED_WITHIN_MS)]);
  await until(
    'the app has seen the end of all runs',
    async () => (await engine.app.totals()).ended >= loop.begun,
    DRAINED_WITHIN_MS,
  );
}
