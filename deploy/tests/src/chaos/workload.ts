import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { ThirdParty } from '../e2e/conformance/third-party';
import { interpret } from '../e2e/programs/interpreter';
import type { Program } from '../e2e/programs/program';
import { named, program } from '../e2e/programs/program';
import { eventOf, workflowOf } from '../e2e/programs/program-workflow';
import type { Workflow, WorkflowApp } from '../e2e/workflow-app';
import { onboarding, sleepingFor } from '../e2e/workflows';
import type { Acknowledged, Road } from './acknowledged';
import { RETRIES } from './acknowledged';
import { withoutFailures } from './failing-programs';
import type { Telling } from './waiters';
import { tellWaiters, waiting } from './waiters';

/*
 * Users who know nothing of the chaos: they start runs, tell them of events, cancel some, and try again until they are answered, as the
 * client libraries do, only longer.
 */

const OPTIONS = { retries: RETRIES, retryDelay: '1000' };
/** What the client puts before an id that it is given. */
const RUN_ID_PREFIX = 'wfr_';
const PATIENCE_MS = 240_000;
const AGAIN_AFTER_MS = 250;
const WAITERS = 3;

export interface WorkloadParts {
  readonly engineUrl: string;
  /** An app and its URL as the engine sees it. */
  readonly apps: Readonly<Record<Road, { readonly app: WorkflowApp; readonly url: string }>>;
  readonly thirdParty: ThirdParty;
  readonly inFlight: number;
  readonly random: () => number;
  readonly hasEnded: (runId: string) => Promise<boolean>;
  /** How long its users go on trying once all is quiet. Default 4 minutes. */
  readonly patienceMs?: number | undefined;
}

/** Where a call goes that takes its time. */
export const slowPath = (runId: string): string => `/slow/${runId}`;

export class Workload {
  readonly acknowledged: Acknowledged[] = [];
  /** Starts that were never answered. */
  readonly unanswered: string[] = [];
  private number = 0;
  /** Nobody gives up while things go wrong, however long that takes. */
  private giveUpAt = Infinity;

  constructor(private readonly parts: WorkloadParts) {
    for (const app of new Set(Object.values(parts.apps).map((each) => each.app))) {
      app.add('onboarding', onboarding);
      app.add('sleeper', sleepingFor);
      app.add('waiting', waiting);
      app.add('calling', this.calling);
    }
  }

  /** Keeps as many runs in flight as it should, until told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    const isOver = (): boolean => stop.aborted;
    const { patienceMs = PATIENCE_MS } = this.parts;
    stop.addEventListener('abort', () => (this.giveUpAt = performance.now() + patienceMs), { once: true });
    const lane = async (): Promise<void> => {
      while (!isOver()) {
        const runs = await this.startSome();
        await Promise.all(runs.map((run) => run.users));
        for (const { runId } of runs)
          while (!isOver() && !(await this.parts.hasEnded(runId).catch(() => false))) await delay(AGAIN_AFTER_MS);
      }
    };
    await Promise.all(Array.from({ length: this.parts.inFlight }, lane));
  }

  /** One run beside those in flight. Resolves once its start was acknowledged. */
  async startAnother(): Promise<void> {
    await this.start(this.nextId(), 'onboarding', { kind: 'onboarding', road: 'plain' });
  }

  private readonly calling: Workflow = async (context, journal) => {
    const { thirdParty } = this.parts;
    await context.run('before', () => journal.run('before', true));
    const path = slowPath(context.workflowRunId);
    thirdParty.answersAt(path, { afterMs: Number(context.requestPayload.input), body: 'done' });
    const { status, body } = await context.call('slow', { url: thirdParty.url + path, retries: 3, retryDelay: '500' });
    return [status, body];
  };

  private async startSome(): Promise<Acknowledged[]> {
    const { random } = this.parts;
    const road = this.road();
    const dice = random();
    if (dice < 0.05) return this.startWaiters(road);
    const run = await this.startOne(this.nextId(), road, dice);
    return run ? [run] : [];
  }

  private async startOne(runId: string, road: Road, dice: number): Promise<Acknowledged | undefined> {
    const { random } = this.parts;
    if (dice < 0.55) return this.startProgram(runId, road);
    if (dice < 0.65) return this.start(runId, 'onboarding', { kind: 'onboarding', road });
    if (dice < 0.77) {
      const seconds = 1 + Math.floor(random() * 8);
      return this.start(runId, 'sleeper', { kind: 'sleeper', road, sleepMs: seconds * 1_000 }, seconds);
    }
    if (dice < 0.9) {
      const callMs = 500 + Math.floor(random() * 5_000);
      return this.start(runId, 'calling', { kind: 'caller', road, callMs }, callMs);
    }
    const run = await this.start(runId, 'onboarding', { kind: 'cancelled', road });
    if (run) run.users = this.cancel(run, random() * 3_000);
    return run;
  }

  private async startProgram(runId: string, road: Road): Promise<Acknowledged | undefined> {
    const { apps, thirdParty, random } = this.parts;
    const [drawn] = fc.sample(program, { seed: Math.floor(random() * 2 ** 31), numRuns: 1 });
    if (!drawn) return undefined;
    // Where the endpoint's attempts are counted, none of them is its own.
    const failsByItself = road === 'hindered';
    const each = failsByItself ? drawn : withoutFailures(drawn);
    const name = apps[road].app.addOnce(workflowOf(each, runId, { thirdParty }));
    const run = await this.start(runId, name, { kind: 'program', road, failsByItself, expectation: interpret(each) });
    if (run) run.users = this.tell(each, runId);
    return run;
  }

  private async startWaiters(road: Road): Promise<Acknowledged[]> {
    const { engineUrl, hasEnded } = this.parts;
    const ids = Array.from({ length: WAITERS }, () => this.nextId());
    const eventId = `told-to-many-${String(ids[0])}`;
    const tellings: Telling[] = [];
    const started = await Promise.all(
      ids.map((runId) => this.start(runId, 'waiting', { kind: 'waiter', road, tellings }, eventId)),
    );
    const runs = started.filter((run) => run !== undefined);
    const areOver = async (): Promise<boolean> =>
      this.hasGivenUp() || (await Promise.all(runs.map(({ runId }) => hasEnded(runId)))).every((hasIt) => hasIt);
    const users = tellWaiters({ engineUrl, client: this.client }, eventId, tellings, areOver);
    for (const run of runs) run.users = users;
    return runs;
  }

  private async start(
    runId: string,
    name: string,
    what: Omit<Acknowledged, 'runId' | 'startedAt' | 'users'>,
    input?: unknown,
  ): Promise<Acknowledged | undefined> {
    const { app, url } = this.parts.apps[what.road];
    const answered = await this.patiently(() =>
      this.client.trigger({
        url: `${url}/${name}`,
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
    const answer = await this.patiently(() => this.client.cancel([run.runId]));
    if (answer) run.cancelledAt = Date.now();
  }

  /** Events are told before their waits, or as soon as the run waits. */
  private async tell({ stages }: Program, runId: string): Promise<void> {
    const { client } = this;
    const waits = named(stages).flatMap(([step, wait]) => (wait.kind === 'wait' ? [{ step, wait }] : []));
    await Promise.all(
      waits.map(async ({ step, wait }) => {
        const eventId = eventOf(runId, step);
        if (wait.told === 'early')
          await this.patiently(() => client.notify({ eventId, eventData: wait.value, workflowRunId: runId }));
        if (wait.told !== 'late') return;
        while (!this.hasGivenUp()) {
          const waiters = await client.getWaiters({ eventId }).catch(() => []);
          if (waiters.length > 0) break;
          if (await this.parts.hasEnded(runId).catch(() => false)) return;
          await delay(AGAIN_AFTER_MS);
        }
        // To whoever waits, not to this run by name: an answer that is lost may have been the one that told it.
        await this.patiently(() => client.notify({ eventId, eventData: wait.value }));
      }),
    );
  }

  private get client(): WorkflowApp['client'] {
    return this.parts.apps.plain.app.client;
  }

  private road(): Road {
    const dice = this.parts.random();
    if (dice < 0.4) return 'plain';
    return dice < 0.7 ? 'hindered' : 'lying';
  }

  private nextId(): string {
    this.number += 1;
    return `${RUN_ID_PREFIX}chaos-${this.number}`;
  }

  private hasGivenUp(): boolean {
    return performance.now() > this.giveUpAt;
  }

  /** Until it is answered. Undefined when the patience is over. */
  private async patiently<Answer>(ask: () => Promise<Answer>): Promise<{ readonly answer: Answer } | undefined> {
    for (;;) {
      try {
        return { answer: await ask() };
      } catch {
        if (this.hasGivenUp()) return undefined;
        await delay(AGAIN_AFTER_MS);
      }
    }
  }
}
