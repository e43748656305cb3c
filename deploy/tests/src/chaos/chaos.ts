import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../e2e/random';
import { CompletionsWatch } from './completions-watch';
import { Explainer } from './explainer';
import type { Selection } from './faults/selection';
import { faultsOf } from './faults/selection';
import { Nemesis } from './nemesis';
import type { Recovery } from './recovery';
import { recoveries } from './recovery';
import { RunStates } from './run-states';
import type { StageOptions } from './stage';
import { Servers } from './servers/servers';
import { Stage } from './stage';
import { verdictOn } from './verdict';
import type { Workload } from './workload';

export interface ChaosOptions extends Omit<StageOptions, 'folder' | 'settings'> {
  readonly replicas: 1 | 3;
  readonly faults: Selection;
  /** How long things go wrong. */
  readonly forMs: number;
  /** Enough when that many faults have struck. */
  readonly count?: number;
  readonly inFlight: number;
  readonly say: (line: string) => void;
}

export interface ChaosResult {
  readonly faults: ReadonlyMap<string, Recovery>;
  readonly killed: number;
  readonly wiped: number;
  /** Processes that were started again. */
  readonly restarts: number;
  readonly runs: number;
  readonly deliveries: number;
  /** Deliveries of a message that had been delivered before, as the same attempt. */
  readonly duplicates: number;
  /** Lies of endpoints, and things submitted again by their apps, by what they were. */
  readonly lies: ReadonlyMap<string, number>;
  /** What those heard who asked of live runs why they wait. */
  readonly explained: ReadonlyMap<string, number>;
  /** Calls to third parties that were under way when run-state was killed. */
  readonly callsThatOutlivedRunState: number;
  /** From the end of the last fault until every run has ended. */
  readonly recoveredAfterMs: number;
  readonly violations: readonly string[];
  /** Where logs and data are, when something is wrong; else nothing is left. */
  readonly folder: string;
}

const BETWEEN_MS = { least: 500, most: 4_000 };
/** When it is the number that counts. */
const BETWEEN_COUNTED_MS = { least: 200, most: 1_500 };

/** Users at work, everything going wrong around them; then quiet, and the question what became of what they were told. */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-chaos-'));
  const servers = await Servers.start({ folder, replicas: options.replicas });
  const stage = await Stage.set(servers, { ...options, folder });
  let result: ChaosResult;
  try {
    await stage.cluster.start();
    result = { ...(await new Play(stage, options).perform()), folder };
  } finally {
    await stage.strike();
    await servers.stop();
  }
  if (result.violations.length === 0) rmSync(folder, { recursive: true, force: true });
  return result;
}

class Play {
  private readonly states: RunStates;
  private readonly workload: Workload;
  private readonly nemesis: Nemesis;
  private readonly tally = { killed: 0, wiped: 0 };

  constructor(
    private readonly stage: Stage,
    private readonly options: ChaosOptions,
  ) {
    const { app, endpoint, cluster, servers, clocks } = stage;
    this.states = new RunStates(app);
    this.workload = stage.workload(this.states, { inFlight: options.inFlight, random: seededRandom(options.seed + 1) });
    const victims = { cluster, servers, clocks, endpoint, tally: this.tally };
    this.nemesis = new Nemesis(victims, seededRandom(options.seed), options.say);
  }

  async perform(): Promise<Omit<ChaosResult, 'folder'>> {
    const { stage, states, workload, nemesis } = this;
    const watch = await CompletionsWatch.begin(stage.servers.directNatsUrl);
    const stop = new AbortController();
    const explainer = new Explainer({ engineUrl: stage.engineUrl, someRun: () => this.someLiveRun() });
    const working = [workload.run(stop.signal), explainer.run(stop.signal)];
    try {
      await this.rage();
    } finally {
      stop.abort();
    }
    this.options.say('quiet');
    await Promise.all(working);
    const { struck } = nemesis;
    const { arrivals, violations, ...verdict } = await verdictOn({
      stage,
      states,
      workload,
      watch,
      disturbances: struck,
    });
    await watch.stop();
    return {
      faults: recoveries(struck, arrivals),
      ...this.tally,
      restarts: stage.cluster.restarts,
      deliveries: arrivals.length,
      lies: this.lies(),
      explained: explainer.heard,
      ...verdict,
      violations: [...explainer.violations, ...violations],
    };
  }

  private async rage(): Promise<void> {
    const { faults: selection, forMs, count, replicas, say } = this.options;
    const { haveDisks } = this.stage.servers;
    if (!haveDisks) say('no small disks can be mounted here: none is filled up');
    const faults = faultsOf(selection, { replicas, haveDisks });
    const { app, liars } = this.stage;
    const progress = (): number => app.totalCalls + liars.totalCalls;
    await this.nemesis.rage(
      count === undefined
        ? { faults, forMs, betweenMs: BETWEEN_MS, progress }
        : { faults, forMs, count, betweenMs: BETWEEN_COUNTED_MS, progress },
    );
  }

  /** Of the youngest, most of which live. */
  private someLiveRun(): string | undefined {
    const { acknowledged } = this.workload;
    const alive = acknowledged
      .slice(-2 * this.options.inFlight)
      .filter(({ runId }) => !this.states.isKnownToHaveEnded(runId));
    return alive[Math.floor(Math.random() * alive.length)]?.runId;
  }

  private lies(): Map<string, number> {
    const { lyingEndpoint, stubbornGateway } = this.stage;
    const counts = new Map<string, number>();
    for (const { lie } of lyingEndpoint.told) counts.set(`it ${lie}`, (counts.get(`it ${lie}`) ?? 0) + 1);
    counts.set('it submits the same again', stubbornGateway.again.same);
    counts.set('it submits another result', stubbornGateway.again.other);
    return counts;
  }
}
