import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { ThirdParty } from '../e2e/conformance/third-party';
import type { Expectation } from '../e2e/programs/interpreter';
import { interpret } from '../e2e/programs/interpreter';
import type { Program } from '../e2e/programs/program';
import { named, program } from '../e2e/programs/program';
import { eventOf, workflowOf } from '../e2e/programs/program-workflow';
import type { WorkflowApp } from '../e2e/workflow-app';
import { onboarding, sleepingFor } from '../e2e/workflows';

/*
 * Users who know nothing of the chaos: they start runs, tell them of events, cancel some, and try again until they are answered, as the
 * client libraries do, only longer.
 */

/** What became of a run as its users know it; what it must have come to is for the judge. */
export interface Acknowledged {
  readonly runId: string;
  readonly kind: 'program' | 'onboarding' | 'sleeper' | 'cancelled';
  /** `Date.now()` of the answer to its start. */
  readonly startedAt: number;
  readonly expectation?: Expectation;
  readonly sleepMs?: number;
  /** `Date.now()` of the answer that said it is cancelled. */
  cancelledAt?: number;
  /** What its users do meanwhile; settled once they have been answered. */
  users: Promise<void>;
}

/** Enough for every outage that the chaos makes: no run may fail because of ours, nor of the endpoint's short ones. */
const OPTIONS = { retries: 15, retryDelay: '1000' };
/** What the client puts before an id that it is given. */
const RUN_ID_PREFIX = 'wfr_';
const PATIENCE_MS = 240_000;
const AGAIN_AFTER_MS = 250;

export interface WorkloadParts {
  readonly app: WorkflowApp;
  /** Of the app, as the engine sees it. */
  readonly appUrl: string;
  readonly thirdParty: ThirdParty;
  readonly inFlight: number;
  readonly random: () => number;
  readonly hasEnded: (runId: string) => Promise<boolean>;
}

export class Workload {
  readonly acknowledged: Acknowledged[] = [];
  /** Starts that were never answered. */
  readonly unanswered: string[] = [];
  private number = 0;

  constructor(private readonly parts: WorkloadParts) {
    const { app } = parts;
    app.add('onboarding', onboarding);
    app.add('sleeper', sleepingFor);
  }

  /** Keeps as many runs in flight as it should, until told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    const isOver = (): boolean => stop.aborted;
    const lane = async (): Promise<void> => {
      while (!isOver()) {
        const run = await this.startOne();
        if (!run) continue;
        await run.users;
        while (!isOver() && !(await this.parts.hasEnded(run.runId).catch(() => false))) await delay(AGAIN_AFTER_MS);
      }
    };
    await Promise.all(Array.from({ length: this.parts.inFlight }, lane));
  }

  private async startOne(): Promise<Acknowledged | undefined> {
    const { random } = this.parts;
    this.number += 1;
    const runId = `${RUN_ID_PREFIX}chaos-${this.number}`;
    const dice = random();
    if (dice < 0.6) return this.startProgram(runId);
    if (dice < 0.75) return this.start(runId, 'onboarding', { kind: 'onboarding' });
    if (dice < 0.9) {
      const seconds = 1 + Math.floor(random() * 8);
      return this.start(runId, 'sleeper', { kind: 'sleeper', sleepMs: seconds * 1_000 }, seconds);
    }
    const run = await this.start(runId, 'onboarding', { kind: 'cancelled' });
    if (run) run.users = this.cancel(run, random() * 3_000);
    return run;
  }

  private async startProgram(runId: string): Promise<Acknowledged | undefined> {
    const { app, thirdParty, random } = this.parts;
    const [each] = fc.sample(program, { seed: Math.floor(random() * 2 ** 31), numRuns: 1 });
    if (!each) return undefined;
    const name = app.addOnce(workflowOf(each, runId, { thirdParty }));
    const run = await this.start(runId, name, { kind: 'program', expectation: interpret(each) });
    if (run) run.users = this.tell(each, runId);
    return run;
  }

  private async start(
    runId: string,
    name: string,
    what: Pick<Acknowledged, 'kind' | 'expectation' | 'sleepMs'>,
    input?: unknown,
  ): Promise<Acknowledged | undefined> {
    const { app, appUrl } = this.parts;
    const answered = await patiently(() =>
      app.client.trigger({
        url: `${appUrl}/${name}`,
        body: { appUrl: app.url, input },
        workflowRunId: runId.slice(RUN_ID_PREFIX.length),
        ...OPTIONS,
      }),
    );
    if (!answered) {
      this.unanswered.push(runId);
      return undefined;
    }
    const run: Acknowledged = { runId, ...what, startedAt: Date.now(), users: Promise.resolve() };
    this.acknowledged.push(run);
    return run;
  }

  private async cancel(run: Acknowledged, afterMs: number): Promise<void> {
    await delay(afterMs);
    const answer = await patiently(() => this.parts.app.client.cancel([run.runId]));
    if (answer) run.cancelledAt = Date.now();
  }

  /** Events are told before their waits, or as soon as the run waits. */
  private async tell({ stages }: Program, runId: string): Promise<void> {
    const { client } = this.parts.app;
    const waits = named(stages).flatMap(([step, wait]) => (wait.kind === 'wait' ? [{ step, wait }] : []));
    await Promise.all(
      waits.map(async ({ step, wait }) => {
        const eventId = eventOf(runId, step);
        if (wait.told === 'early')
          await patiently(() => client.notify({ eventId, eventData: wait.value, workflowRunId: runId }));
        if (wait.told !== 'late') return;
        const giveUpAt = performance.now() + PATIENCE_MS;
        while (performance.now() < giveUpAt) {
          const waiters = await client.getWaiters({ eventId }).catch(() => []);
          if (waiters.length > 0) break;
          if (await this.parts.hasEnded(runId).catch(() => false)) return;
          await delay(AGAIN_AFTER_MS);
        }
        // To whoever waits, not to this run by name: an answer that is lost may have been the one that told it.
        await patiently(() => client.notify({ eventId, eventData: wait.value }));
      }),
    );
  }
}

/** Until it is answered. Undefined when the patience is over. */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<{ readonly answer: Answer } | undefined> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return { answer: await ask() };
    } catch {
      if (performance.now() > giveUpAt) return undefined;
      await delay(AGAIN_AFTER_MS);
    }
  }
}
