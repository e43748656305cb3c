import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@stepwell/core';
import { createFaultProxy, freePort } from '@stepwell/testing';
import { ThirdParty } from '../e2e/conformance/third-party';
import { seededRandom } from '../e2e/random';
import { ServiceFleet } from '../e2e/service-fleet';
import { until } from '../e2e/until';
import { WorkflowApp } from '../e2e/workflow-app';
import { Cluster } from './cluster';
import { CompletionsWatch } from './completions-watch';
import { judgeLog, judgeRun } from './judge';
import { Nemesis } from './nemesis';
import { Servers } from './servers';
import type { Acknowledged } from './workload';
import { Workload } from './workload';

export interface ChaosOptions {
  readonly seed: number;
  /** How long things go wrong. */
  readonly forMs: number;
  /** Processes of run-state and http-caller, of which there may be several. */
  readonly members: 1 | 2;
  readonly inFlight: number;
  readonly say: (line: string) => void;
}

export interface ChaosResult {
  readonly faults: ReadonlyMap<string, number>;
  readonly runs: number;
  readonly deliveries: number;
  /** Deliveries of a message that had been delivered before, as the same attempt. */
  readonly duplicates: number;
  readonly restarts: number;
  /** From the end of the last fault until every run has ended. */
  readonly recoveredAfterMs: number;
  readonly violations: readonly string[];
  /** Where logs and data are, when something is wrong; else nothing is left. */
  readonly folder: string;
}

const DATABASE = 'chaos';
/** After the last fault; runs sleep and wait for seconds only. */
const RECOVERS_WITHIN_MS = 240_000;
const TOLD_WITHIN_MS = 60_000;

/** Users at work, everything going wrong around them; then quiet, and the question what became of what they were told. */
export async function chaos({ seed, forMs, members, inFlight, say }: ChaosOptions): Promise<ChaosResult> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-chaos-'));
  const servers = await Servers.start(folder);
  const port = await freePort();
  const sizes: Record<ServiceName, number> = {
    gateway: 1,
    'run-state': members,
    scheduler: members,
    'http-caller': members,
    'event-notifier': members,
  };
  const fleet = new ServiceFleet(folder, {
    STEPWELL_MONGODB_URI: servers.mongoUri,
    STEPWELL_MONGODB_DATABASE: DATABASE,
    STEPWELL_NATS_URL: servers.natsUrl,
    STEPWELL_NATS_USER: 'stepwell',
    STEPWELL_NATS_PASSWORD: servers.passwords.stepwell,
    STEPWELL_GATEWAY_HOST: '127.0.0.1',
    STEPWELL_GATEWAY_PORT: String(port),
  });
  const cluster = new Cluster(fleet, sizes);
  const app = new WorkflowApp({ engineUrl: `http://127.0.0.1:${port}` });
  const thirdParty = new ThirdParty();
  await Promise.all([app.start(), thirdParty.start()]);
  const endpoint = await createFaultProxy({ port: Number(new URL(app.url).port) });
  let result: ChaosResult;
  try {
    await cluster.start();
    result = await rageAndJudge();
  } finally {
    await cluster.stop();
    await Promise.all([app.stop(), thirdParty.stop(), endpoint.close(), servers.stop()]);
  }
  if (result.violations.length === 0) rmSync(folder, { recursive: true, force: true });
  return result;

  async function rageAndJudge(): Promise<ChaosResult> {
    const watch = await CompletionsWatch.begin(servers.directNatsUrl);

    const states = new RunStates(app);
    const workload = new Workload({
      app,
      appUrl: `http://127.0.0.1:${endpoint.port}`,
      thirdParty,
      inFlight,
      random: seededRandom(seed + 1),
      hasEnded: (runId) => states.hasEnded(runId),
    });
    const stop = new AbortController();
    const working = workload.run(stop.signal);
    const nemesis = new Nemesis({ cluster, servers, endpoint }, random, say);
    await nemesis.rage(forMs);
    const calmAt = performance.now();
    stop.abort();
    say('quiet');
    await working;

    const violations: string[] = [];
    const runs = workload.acknowledged;
    await Promise.all(runs.map((run) => run.users));
    await until('all have ended', () => states.haveEnded(runs), RECOVERS_WITHIN_MS).catch(() => undefined);
    const recoveredAfterMs = performance.now() - calmAt;
    await delay(1_000);
    for (const run of runs) {
      const log = await app.log(run.runId).catch(() => undefined);
      if (!log) violations.push(`${run.runId} (${run.kind}) was acknowledged and is unknown`);
      else if (log.workflowState === 'RUN_STARTED')
        violations.push(`${run.runId} (${run.kind}) has not ended: ${JSON.stringify(log.steps.at(-1))}`);
      else violations.push(...judgeRun(run, log, app, nemesis.struck));
    }
    violations.push(...workload.unanswered.map((runId) => `the start of ${runId} was never answered`));
    const ends = await states.endsOf(runs);
    violations.push(...(await watch.missing(ends, TOLD_WITHIN_MS)).map((end) => `${end} was never told on the topic`));
    violations.push(...(await judgeLog(servers.directMongoUri, DATABASE)));

    await watch.stop();
    return {
      faults: counted(nemesis.struck.map(({ name }) => name)),
      runs: runs.length,
      ...deliveriesOf(runs, app),
      restarts: cluster.restarts,
      recoveredAfterMs,
      violations,
      folder,
    };
  }
}

/** What the API says of runs, asked no more often than needed: what has ended stays so. */
class RunStates {
  private readonly ended = new Map<string, string>();

  constructor(private readonly app: WorkflowApp) {}

  async hasEnded(runId: string): Promise<boolean> {
    if (this.ended.has(runId)) return true;
    const state = await this.app.stateOf(runId);
    if (state === 'RUN_STARTED') return false;
    this.ended.set(runId, state);
    return true;
  }

  async haveEnded(runs: readonly Acknowledged[]): Promise<boolean> {
    for (const { runId } of runs) if (!(await this.hasEnded(runId).catch(() => false))) return false;
    return true;
  }

  /** As the topic names them. */
  async endsOf(runs: readonly Acknowledged[]): Promise<string[]> {
    const outcomes: Readonly<Record<string, string>> = {
      RUN_SUCCESS: 'completed',
      RUN_FAILED: 'failed',
      RUN_CANCELED: 'cancelled',
    };
    const ends: string[] = [];
    for (const { runId } of runs) {
      if (!(await this.hasEnded(runId).catch(() => false))) continue;
      ends.push(`${runId}:${outcomes[this.ended.get(runId) ?? ''] ?? ''}`);
    }
    return ends;
  }
}

function deliveriesOf(runs: readonly Acknowledged[], app: WorkflowApp): { deliveries: number; duplicates: number } {
  let deliveries = 0;
  let distinct = 0;
  for (const { runId } of runs) {
    const made = app.journal(runId).deliveries;
    const attempts = made.map(
      ({ headers }) => `${String(headers['upstash-message-id'])}#${String(headers['upstash-retried'])}`,
    );
    deliveries += made.length;
    distinct += new Set(attempts).size;
  }
  return { deliveries, duplicates: deliveries - distinct };
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
