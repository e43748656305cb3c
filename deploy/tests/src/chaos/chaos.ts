import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../e2e/random';
import { until } from '../e2e/until';
import type { Acknowledged } from './acknowledged';
import { CompletionsWatch } from './completions-watch';
import { Explainer } from './explainer';
import type { Selection } from './faults/selection';
import { faultsOf } from './faults/selection';
import { attemptsOf } from './judge/attempts.judge';
import { outlivedRunState } from './judge/calls.judge';
import type { Evidence } from './judge/evidence';
import { judgeRun } from './judge/judge';
import { judgeLog } from './judge/log.judge';
import { Nemesis } from './nemesis';
import type { Recovery } from './recovery';
import { recoveries } from './recovery';
import { RunStates } from './run-states';
import type { StageOptions } from './stage';
import { DATABASE, Stage } from './stage';
import { slowPath, Workload } from './workload';

export interface ChaosOptions extends Omit<StageOptions, 'folder'> {
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

/** After the last fault; runs sleep and wait for seconds only. */
const RECOVERS_WITHIN_MS = 240_000;
const TOLD_WITHIN_MS = 60_000;
const BETWEEN_MS = { least: 500, most: 4_000 };
/** When it is the number that counts. */
const BETWEEN_COUNTED_MS = { least: 200, most: 1_500 };

/** Users at work, everything going wrong around them; then quiet, and the question what became of what they were told. */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-chaos-'));
  const stage = await Stage.set({ ...options, folder });
  let result: ChaosResult;
  try {
    await stage.cluster.start();
    result = { ...(await new Play(stage, options).perform()), folder };
  } finally {
    await stage.strike();
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
    const { app, liars, endpoint, lyingEndpoint, engineUrl, thirdParty, cluster, servers, clocks } = stage;
    this.states = new RunStates(app);
    this.workload = new Workload({
      engineUrl,
      apps: {
        plain: { app, url: app.url },
        hindered: { app, url: `http://127.0.0.1:${endpoint.port}` },
        lying: { app: liars, url: lyingEndpoint.url },
      },
      thirdParty,
      inFlight: options.inFlight,
      random: seededRandom(options.seed + 1),
      hasEnded: (runId) => this.states.hasEnded(runId),
    });
    const victims = { cluster, servers, clocks, endpoint, tally: this.tally };
    this.nemesis = new Nemesis(victims, seededRandom(options.seed), options.say);
  }

  async perform(): Promise<Omit<ChaosResult, 'folder'>> {
    const { stage, states, workload, nemesis } = this;
    const watch = await CompletionsWatch.begin(stage.servers.directNatsUrl);
    const stop = new AbortController();
    const explainer = new Explainer({ engineUrl: stage.engineUrl, someRun: () => this.someLiveRun() });
    const working = [workload.run(stop.signal), explainer.run(stop.signal)];
    await this.rage();
    const calmAt = performance.now();
    stop.abort();
    this.options.say('quiet');
    await Promise.all(working);

    const runs = workload.acknowledged;
    await Promise.all(runs.map((run) => run.users));
    await until('all have ended', () => states.haveEnded(runs), RECOVERS_WITHIN_MS).catch(() => undefined);
    const recoveredAfterMs = performance.now() - calmAt;
    await delay(1_000);
    const violations = [
      ...explainer.violations,
      ...workload.unanswered.map((runId) => `the start of ${runId} was never answered`),
    ];
    for (const run of runs) violations.push(...(await this.judged(run)));
    const untold = await watch.missing(await states.endsOf(runs), TOLD_WITHIN_MS);
    violations.push(...untold.map((end) => `${end} was never told on the topic`));
    violations.push(...(await judgeLog(stage.servers.mongods.judgesUri, DATABASE)));
    await watch.stop();

    const attempts = runs.map((run) => attemptsOf(this.evidenceOf(run)));
    const deliveries = attempts.flat().length;
    const distinct = attempts.flatMap((made) => [...new Set(made.map((each) => `${each.messageId}#${each.retried}`))]);
    return {
      faults: recoveries(
        nemesis.struck,
        attempts.flat().map(({ at }) => at),
      ),
      ...this.tally,
      restarts: stage.cluster.restarts,
      runs: runs.length,
      deliveries,
      duplicates: deliveries - distinct.length,
      lies: this.lies(),
      explained: explainer.heard,
      callsThatOutlivedRunState: runs.filter((run) => outlivedRunState(run, this.evidenceOf(run))).length,
      recoveredAfterMs,
      violations,
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

  private async judged(run: Acknowledged): Promise<string[]> {
    const log = await this.stage.app.log(run.runId).catch(() => undefined);
    if (!log) return [`${run.runId} (${run.kind}) was acknowledged and is unknown`];
    if (log.workflowState === 'RUN_STARTED')
      return [`${run.runId} (${run.kind}) has not ended: ${JSON.stringify(log.steps.at(-1))}`];
    return judgeRun(run, log, this.evidenceOf(run));
  }

  private evidenceOf({ runId, road }: Acknowledged): Evidence {
    const { app, liars, lyingEndpoint, thirdParty } = this.stage;
    return {
      journal: (road === 'lying' ? liars : app).journal(runId),
      disturbances: this.nemesis.struck,
      gatewayAway: this.stage.cluster.gatewayAway,
      lies: lyingEndpoint.told.filter((each) => each.runId === runId),
      asked: thirdParty.seen(slowPath(runId)).map(({ at }) => performance.timeOrigin + at),
    };
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
