import type { Topology } from './stepwell-under-test';
import { StepwellUnderTest } from './stepwell-under-test';
import { WorkflowApp } from './workflow-app';

export interface Stage {
  readonly stepwell: StepwellUnderTest;
  /** Only inside tests and hooks: before them nothing is started. */
  readonly app: WorkflowApp;
}

/** A Stepwell and a user's app beside it, for the tests of the describe block that calls this. `furnish` adds the workflows. */
export function useWorkflowApp(topology: Topology, furnish: (app: WorkflowApp) => void): Stage {
  const stepwell = new StepwellUnderTest(topology);
  let app: WorkflowApp | undefined;

  beforeAll(async () => {
    await stepwell.start();
    app = new WorkflowApp({ engineUrl: stepwell.url });
    furnish(app);
    await app.start();
  }, 180_000);

  afterAll(async () => {
    await app?.stop();
    await stepwell.remove();
  }, 60_000);

  return {
    stepwell,
    get app() {
      if (!app) throw new Error('the app is started before the first test, not before');
      return app;
    },
  };
}
