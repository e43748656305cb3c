import type { RunAnnouncement, RunRow } from '@stepwell/core';
import pino from 'pino';
import { Gateways } from './app/gateways';
import { HttpNetwork } from './app/http-network';
import { Notifier } from './app/notifier';
import { writePrograms } from './app/program';
import { Operators } from './app/operators';
import { Users } from './app/users';
import { WorkflowApp } from './app/workflow-app';
import { EndJudge, isBegun } from './judge/end-judge';
import { judgeEvents } from './judge/event-judge';
import { Journal } from './judge/journal';
import { Judge } from './judge/judge';
import { LogWitness } from './judge/log-witness';
import type { Violation } from './judge/violations';
import { Violations } from './judge/violations';
import { Chance } from './world/chance';
import type { Sabotage } from './world/cluster';
import { Cluster } from './world/cluster';
import type { ClimateName } from './world/faults';
import { climateOf, Weather } from './world/faults';
import { Nemesis } from './world/nemesis';
import { EPOCH_MS } from './world/simulated-process';
import { Tally, Trace } from './world/tally';
import { VirtualTime } from './world/virtual-time';
import type { World } from './world/world';

export interface ScenarioOptions {
  readonly seed: number;
  readonly runs?: number;
  readonly climate?: ClimateName;
  readonly sabotage?: Sabotage;
  /** The application answers half of its deliveries with what it submits. */
  readonly answersSteps?: boolean;
  /** Keeps every line of the story, the product's own log with it. */
  readonly keepsTrace?: boolean;
}

export interface ScenarioResult {
  readonly seed: number;
  readonly climate: string;
  readonly runs: number;
  readonly tally: Tally;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly traceLines: readonly string[];
  readonly virtualMs: number;
}

const RUNS_PER_SCENARIO = 100;
const PROGRAMS = 12;
const STARTS_WITHIN_MS = 60_000;
const STORMY_MS = 90_000;
/** So long nothing happens before time leaps to the next timer. Longer than any pause that isn't one. */
const QUIET_MS = 45_000;
/** So long nothing happens before it is believed that nothing will: longer than a delivery or a lease may take. */
const SILENT_MS = 300_000;
const MOST_LEAPS = 500;

/**
 * One story from one seed: users start random workflows while the weather is as bad as the seed says; then it clears, and what was
 * acknowledged has to come to its end.
 */
class Scenario {
  private readonly world: World;
  private readonly journal = new Journal();
  private readonly announcements = new Map<string, RunAnnouncement>();
  private readonly violations: Violations;
  private readonly witness: LogWitness;
  private readonly gateways: Gateways;
  private readonly programs;
  private readonly cluster: Cluster;
  private readonly nemesis: Nemesis;
  private readonly users: Users;
  private readonly operators: Operators;
  private readonly runs: number;

  constructor(private readonly options: ScenarioOptions) {
    const chance = new Chance(options.seed);
    const weather = new Weather(climateOf(chance, options.climate));
    const trace = new Trace(options.keepsTrace);
    this.world = { time: new VirtualTime(), chance, weather, tally: new Tally(), trace };
    const { time } = this.world;
    this.runs = options.runs ?? RUNS_PER_SCENARIO;
    this.violations = new Violations(() => time.nowMs);
    this.witness = new LogWitness(() => time.nowMs);
    const judge = new Judge(this.journal, this.witness, this.violations, () => time.nowMs);
    this.gateways = new Gateways(this.world);
    const notifier = new Notifier(this.world, this.gateways, this.journal);
    this.programs = writePrograms(chance, PROGRAMS);
    const { answersSteps } = options;
    const app = new WorkflowApp(this.world, this.programs, this.gateways, this.journal, judge, notifier, answersSteps);
    const network = new HttpNetwork(this.world, app, judge);
    this.cluster = new Cluster(this.world, {
      gateways: this.gateways,
      witness: this.witness,
      client: (process) => network.client(process),
      announced: (announcement) => {
        this.announced(announcement);
      },
      queues: ({ runId, messageId, partition }, process) => {
        judge.queues(runId, messageId, partition, process);
      },
      sabotage: options.sabotage ?? {},
      logger: this.logger(),
    });
    this.users = new Users(this.world, this.programs, this.gateways, this.journal, judge, notifier);
    this.operators = new Operators(this.world, this.programs, this.gateways, this.journal, judge, notifier);
    this.nemesis = new Nemesis(this.world, this.cluster, (role) => {
      if (role === 'run-state') this.users.lookAround();
    });
  }

  async play(): Promise<ScenarioResult> {
    const { time, weather, tally, trace } = this.world;
    const rejected = (reason: unknown): void => {
      const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
      this.violations.report('nothing is thrown aside', text);
    };
    process.on('unhandledRejection', rejected);
    try {
      this.nemesis.begin();
      this.users.begin(this.runs, STARTS_WITHIN_MS);
      this.operators.begin();
      await time.run(STORMY_MS, () => false);
      weather.clear();
      this.nemesis.relent();
      await this.comeToRest();
      await this.judgeAll();
    } finally {
      process.off('unhandledRejection', rejected);
    }
    tally.count('log entries', this.witness.documents);
    tally.count('notices', this.journal.notices.length);
    return {
      seed: this.options.seed,
      climate: weather.name,
      runs: [...this.journal.runs.values()].filter(isBegun).length,
      tally,
      violations: this.violations.found,
      traceHash: trace.hash,
      traceLines: trace.lines,
      virtualMs: time.nowMs,
    };
  }

  private announced(announcement: RunAnnouncement): void {
    const { workflowRunId, outcome } = announcement;
    const { trace, time, tally } = this.world;
    trace.tell(`${time.nowMs} ${workflowRunId} ${outcome}`);
    tally.count('announcements');
    this.announcements.set(workflowRunId, announcement);
    this.journal.runs.get(workflowRunId)?.announced.add(outcome);
  }

  /** Until every run has ended and been announced, or nothing is going to happen any more. */
  private async comeToRest(): Promise<void> {
    const { time } = this.world;
    let silentMs = 0;
    for (let leaps = 0; leaps < MOST_LEAPS && silentMs < SILENT_MS;) {
      const before = this.activity();
      await time.run(time.nowMs + QUIET_MS, () => false);
      if (this.isOver()) return;
      silentMs = before === this.activity() ? silentMs + QUIET_MS : 0;
      const next = this.nextTimerMs() ?? 0;
      if (silentMs === 0 || next <= time.nowMs) continue;
      time.leapTo(next - 500);
      silentMs = 0;
      leaps += 1;
    }
  }

  private activity(): number {
    const { tally } = this.world;
    return tally.of('deliveries') + tally.of('third-party calls') + tally.of('announcements') + this.witness.documents;
  }

  private isOver(): boolean {
    return [...this.journal.runs.values()].every((run) => !isBegun(run) || this.announcements.has(run.runId));
  }

  private nextTimerMs(): number | undefined {
    let soonest: number | undefined;
    for (const { dueAt } of this.cluster.data.timers.values()) soonest = Math.min(soonest ?? dueAt, dueAt);
    return soonest === undefined ? undefined : soonest - EPOCH_MS;
  }

  private async judgeAll(): Promise<void> {
    const { violations, journal, programs, witness } = this;
    const isCalm = this.world.weather.name === 'calm';
    new EndJudge(journal, programs, witness, this.announcements, violations, isCalm).judge();
    judgeEvents(journal, programs, witness, violations);
    witness.judge(this.cluster.data, violations);
    await this.judgeLists();
  }

  /** L9: by the API, at last. */
  private async judgeLists(): Promise<void> {
    const { time } = this.world;
    let rows: readonly RunRow[] | undefined;
    void this.gateways
      .request((desks, hangUp) => desks.lister.page({}, 10_000, undefined, hangUp))
      .then((reply) => {
        rows = reply.kind === 'answered' ? reply.value.rows : [];
      });
    await time.run(time.nowMs + 60_000, () => rows !== undefined);
    const statuses = new Map(rows?.map(({ runId, status }) => [runId, status]));
    for (const run of this.journal.runs.values()) {
      if (!isBegun(run)) continue;
      const announced = this.announcements.get(run.runId)?.outcome;
      const expected = announced === 'completed' ? 'succeeded' : (announced ?? 'running');
      const listed = statuses.get(run.runId);
      if (listed !== expected) {
        this.violations.report('lists tell the truth', `${run.runId} is listed as ${listed ?? 'nothing'}: ${expected}`);
      }
    }
  }

  /** What the product gives up on by itself is a violation, whatever else is well. */
  private logger(): pino.Logger {
    const { trace, time } = this.world;
    const write = (line: string): void => {
      const { msg, err } = JSON.parse(line) as { msg: string; err?: { type: string; message: string } };
      if (this.options.keepsTrace) trace.lines.push(`${time.nowMs} log ${msg} ${err?.message ?? ''}`);
      if (FATAL.some((text) => msg.includes(text)) && !EXPECTED.has(err?.type ?? '')) {
        this.violations.report('nothing is thrown aside', `${msg}: ${line}`);
      }
    };
    return pino({ level: this.options.keepsTrace ? 'debug' : 'error', base: null, timestamp: false }, { write });
  }
}

/** Texts of the product's log that must never be written: a fault of ours, whatever the world does. */
const FATAL = [
  'an effect can not be sent',
  'can not be told',
  'left a stream aside',
  'could not hand on',
  'unforeseen error',
  'an ask handler failed',
  'a work handler failed',
  'dropped',
  'could not write what is done',
];

/** What the world does to it. */
const EXPECTED: ReadonlySet<string> = new Set(['StoreFault', 'NobodyAnswered', 'WorkNotQueued']);

export const playScenario = (options: ScenarioOptions): Promise<ScenarioResult> => new Scenario(options).play();
