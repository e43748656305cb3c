import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompletionsWatch } from '../../chaos/completions-watch';
import type { Evidence } from '../../chaos/judge/evidence';
import { judgeRun } from '../../chaos/judge/judge';
import { judgeLog } from '../../chaos/judge/log.judge';
import { RunStates } from '../../chaos/run-states';
import { Servers } from '../../chaos/servers/servers';
import { slowPath, Workload } from '../../chaos/workload';
import { ThirdParty } from '../conformance/third-party';
import { seededRandom } from '../random';
import { ServiceFleet } from '../service-fleet';
import { until } from '../until';
import { WorkflowApp } from '../workflow-app';
import type { Build } from './build';
import { ExchangesWatch } from './exchanges-watch';
import { ReadyFront } from './ready-front';
import { RollingCluster } from './rolling-cluster';

export interface RollingUpgrade {
  /** Which version runs first, which replaces it, and so on. */
  readonly builds: readonly [Build, ...Build[]];
  /** Processes of each service. */
  readonly members: number;
  readonly inFlight: number;
  /** Runs that have to be answered between two rolls. */
  readonly runsBetween: number;
  readonly seed: number;
}

export interface RollingUpgradeResult {
  /** What clients saw and should not have, what became of their runs and should not have. */
  readonly violations: readonly string[];
  readonly exitCodes: readonly (number | null)[];
  readonly runs: number;
  readonly exchanges: number;
  /** Of those, requests that crossed the end of their connection, and were answered when they were sent once more. */
  readonly crossings: number;
  /** Where logs are, when something is wrong; else nothing is left. */
  readonly folder: string;
}

const DATABASE = 'upgrade';
const ENDS_WITHIN_MS = 120_000;
/** So many runs are begun, on a machine that has other things to do. */
const ROLLS_WITHIN_MS = 240_000;
const TOLD_WITHIN_MS = 30_000;

/** Users at work, while all processes of all services are replaced one by one, as often as there are builds. */
export async function rollingUpgrade({
  builds,
  members,
  inFlight,
  runsBetween,
  seed,
}: RollingUpgrade): Promise<RollingUpgradeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-upgrade-'));
  const servers = await Servers.start({ folder, replicas: 1, haveSmallDisks: false });
  const front = await ReadyFront.start();
  const fleet = new ServiceFleet(folder, servers.settings(DATABASE, servers.mongods.judgesUri));
  const cluster = new RollingCluster(fleet, front, members);
  const app = new WorkflowApp({ engineUrl: front.url });
  const thirdParty = new ThirdParty();
  await Promise.all([app.start(), thirdParty.start()]);
  const exchanges = ExchangesWatch.begin(front.url);
  let violations: string[];
  const stop = new AbortController();
  const states = new RunStates(app);
  const road = { app, url: app.url };
  const workload = new Workload({
    engineUrl: front.url,
    // Nobody hinders anything, and nobody lies.
    apps: { plain: road, hindered: road, lying: road },
    thirdParty,
    inFlight,
    random: seededRandom(seed),
    hasEnded: (runId) => states.hasEnded(runId),
  });
  // The users' clients say on the console what they think of programs that are doomed.
  const muted = (['error', 'warn'] as const).map((level) =>
    jest.spyOn(console, level).mockImplementation(() => undefined),
  );
  try {
    violations = await roll();
  } finally {
    stop.abort();
    exchanges.end();
    for (const spy of muted) spy.mockRestore();
    await fleet.end();
    await Promise.all([app.stop(), thirdParty.stop(), front.stop(), servers.stop()]);
  }
  if (violations.length === 0) rmSync(folder, { recursive: true, force: true });
  const { exitCodes } = cluster;
  return {
    violations,
    exitCodes,
    runs: workload.acknowledged.length,
    exchanges: exchanges.answered,
    crossings: exchanges.crossings,
    folder,
  };

  /** Nothing fails, so nothing excuses anything. */
  function evidenceOf(runId: string): Evidence {
    const asked = thirdParty.seen(slowPath(runId)).map(({ at }) => performance.timeOrigin + at);
    return { journal: app.journal(runId), disturbances: [], gatewayAway: [], lies: [], asked };
  }

  async function roll(): Promise<string[]> {
    const [first, ...others] = builds;
    await cluster.start(first);
    const watch = await CompletionsWatch.begin(servers.directNatsUrl);
    const working = workload.run(stop.signal);
    const runs = workload.acknowledged;
    const more = async (): Promise<void> => {
      const enough = runs.length + runsBetween;
      await until(`${enough} runs have been started`, () => runs.length >= enough, ROLLS_WITHIN_MS);
    };
    await more();
    for (const build of others) {
      await cluster.rollTo(build);
      await more();
    }
    stop.abort();
    await working;
    await Promise.all(runs.map((run) => run.users));
    await until('all have ended', () => states.haveEnded(runs), ENDS_WITHIN_MS).catch(() => undefined);

    const wrong = [...exchanges.failures];
    if (front.refused > 0) wrong.push(`${front.refused} connections found no gateway ready`);
    for (const run of runs) {
      const log = await app.log(run.runId).catch(() => undefined);
      if (!log || log.workflowState === 'RUN_STARTED') wrong.push(`${run.runId} (${run.kind}) has not ended`);
      else wrong.push(...judgeRun(run, log, evidenceOf(run.runId)));
    }
    wrong.push(...workload.unanswered.map((runId) => `the start of ${runId} was never answered`));
    wrong.push(
      ...(await watch.missing(await states.endsOf(runs), TOLD_WITHIN_MS)).map((end) => `${end} was never told`),
    );
    wrong.push(...(await judgeLog(servers.mongods.judgesUri, DATABASE)));
    await watch.stop();
    return wrong;
  }
}
