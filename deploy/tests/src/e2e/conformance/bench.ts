import type { Stage } from '../use-workflow-app';
import type { Topology } from '../stepwell-under-test';
import { StepwellUnderTest } from '../stepwell-under-test';
import { until } from '../until';
import type { TriggerOptions, Workflow } from '../workflow-app';
import { WorkflowApp } from '../workflow-app';
import { Rest } from './rest';
import { ThirdParty } from './third-party';

/** What a conformance suite works with. Everything is there inside tests and hooks only. */
export interface Bench extends Stage {
  /** The same app for somebody who has no signing keys: nothing it gets is verified. */
  readonly keyless: WorkflowApp;
  readonly thirdParty: ThirdParty;
  readonly rest: Rest;
  /** Runs a workflow that nothing else has to its end. */
  runs(workflow: Workflow, options?: TriggerOptions, app?: WorkflowApp): Promise<Ended>;
  /** The endpoint was called so often for the run; and, in hindsight, never once more (see `hindsight`). */
  called(runId: string, calls: number, app?: WorkflowApp): Promise<void>;
}

export interface Ended {
  readonly runId: string;
  readonly log: Awaited<ReturnType<WorkflowApp['ended']>>;
  /** The run's result, as JSON; undefined when it has none. */
  readonly result: unknown;
  readonly journal: ReturnType<WorkflowApp['journal']>;
}

const CALLS_LIMIT_MS = 60_000;

const resultOf = (text: string | undefined): unknown =>
  text === undefined || text === '' ? undefined : (JSON.parse(text) as unknown);

/** A Stepwell, two apps and a third party for the describe block that calls this. */
export function useBench(topology: Topology, env: NodeJS.ProcessEnv = {}): Bench {
  const stepwell = new StepwellUnderTest(topology, env);
  const rest = new Rest(() => stepwell.url);
  let parts: { app: WorkflowApp; keyless: WorkflowApp; thirdParty: ThirdParty } | undefined;
  const there = () => {
    if (!parts) throw new Error('the bench is set up before the first test, not before');
    return parts;
  };
  const promised: { app: WorkflowApp; runId: string; calls: number; test: string | undefined }[] = [];

  beforeAll(async () => {
    // The clients say on the console what they answer as well.
    for (const level of ['error', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
    await stepwell.start();
    parts = {
      app: new WorkflowApp({ engineUrl: stepwell.url }),
      keyless: new WorkflowApp({ engineUrl: stepwell.url, signingKeys: 'none' }),
      thirdParty: new ThirdParty(),
    };
    await Promise.all(Object.values(parts).map((part) => part.start()));
  }, 180_000);

  afterAll(async () => {
    await Promise.all(Object.values(parts ?? {}).map((part) => part.stop()));
    await stepwell.remove();
    jest.restoreAllMocks();
    // A call too many comes late: every run's count holds after all the others' tests, or it did not hold.
    for (const { app, runId, calls, test } of promised)
      expect([test, runId, app.journal(runId).calls]).toEqual([test, runId, calls]);
  }, 60_000);

  return {
    stepwell,
    rest,
    get app() {
      return there().app;
    },
    get keyless() {
      return there().keyless;
    },
    get thirdParty() {
      return there().thirdParty;
    },
    async runs(workflow, options, app = there().app) {
      const runId = await app.begin(workflow, options);
      const log = await app.ended(runId);
      return { runId, log, result: resultOf(log.workflowRunResponse), journal: app.journal(runId) };
    },
    async called(runId, calls, app = there().app) {
      // How often it was instead is for the comparison to say.
      await until('called', () => app.journal(runId).calls >= calls, CALLS_LIMIT_MS).catch(() => undefined);
      expect(app.journal(runId).calls).toBe(calls);
      promised.push({ app, runId, calls, test: expect.getState().currentTestName });
    },
  };
}
