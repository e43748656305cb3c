import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEV } from './stepwell-under-test';
import { until } from './until';
import { useWorkflowApp } from './use-workflow-app';
import { flaky, sleepingFor } from './workflows';

/* Why is it waiting? As a user asks it: over HTTP, of runs of the official client; and doctor, of the same servers. */

const CLI = join(__dirname, '../../../../services/standalone/dist/main.js');
const execute = promisify(execFile);

interface Explained {
  readonly reason?: {
    readonly waitingFor: string;
    readonly text: string;
    readonly until?: number;
    readonly running?: { readonly host: string };
  };
  readonly code?: string;
}

describe('a run that is not moving', () => {
  const stage = useWorkflowApp('one', (app) => {
    app.add('sleeping', sleepingFor);
    app.add('flaky', flaky);
    app.add('waiting', async (context) => {
      await context.waitForEvent('paid', `order-${context.workflowRunId}`, { timeout: '1h' });
    });
  });
  const get = async (path: string): Promise<Response> =>
    fetch(stage.stepwell.url + path, { headers: { authorization: `Bearer ${DEV.token}` } });
  const explain = async (runId: string): Promise<Explained> =>
    (await (await get(`/v1/runs/${runId}/explain`)).json()) as Explained;
  const untilItWaitsFor = async (runId: string, waitingFor: string): Promise<Explained['reason']> => {
    let reason: Explained['reason'];
    await until(`${runId} waits for ${waitingFor}`, async () => {
      ({ reason } = await explain(runId));
      return reason?.waitingFor === waitingFor;
    });
    return reason;
  };
  const listed = async (waitingFor: string): Promise<string[]> => {
    const answer = await get(`/v2/workflows/logs?waitingFor=${waitingFor}`);
    const { runs } = (await answer.json()) as { runs: readonly { readonly workflowRunId: string }[] };
    return runs.map(({ workflowRunId }) => workflowRunId);
  };

  it('says what it waits for, and lists find it by that', async () => {
    const { app } = stage;
    const [sleeping, waiting, retrying] = await Promise.all([
      app.trigger('sleeping', { input: 600 }),
      app.trigger('waiting'),
      app.trigger('flaky', { input: 5, retries: 5, retryDelay: '60000' }),
    ]);
    const sleep = await untilItWaitsFor(sleeping, 'sleep');
    expect((sleep?.until ?? 0) - Date.now()).toBeGreaterThan(500_000);
    expect(sleep?.text).toMatch(/^sleeps until \d{4}-/);
    expect((await untilItWaitsFor(waiting, 'event'))?.text).toMatch(/^waits for event order-wfr_\S+ until \d{4}-/);
    const retry = await untilItWaitsFor(retrying, 'retry');
    expect(retry?.text).toMatch(/^retry 1 of 5 at \d{4}-/);
    for (const [waitingFor, runId] of [
      ['sleep', sleeping],
      ['event', waiting],
      ['retry', retrying],
    ] as const) {
      await until(`lists know what ${runId} waits for`, async () => (await listed(waitingFor)).join() === runId);
    }
    expect(await explain('wfr_nobody')).toMatchObject({ code: 'UNKNOWN_RUN' });
    await app.client.cancel(waiting);
    expect(await explain(waiting)).not.toHaveProperty('reason');
  }, 60_000);

  it('says where its endpoint is called', async () => {
    const { app } = stage;
    let release = (): void => undefined;
    app.add('hanging', () => new Promise<void>((resolve) => (release = resolve)));
    const runId = await app.trigger('hanging');
    await until('its endpoint is called', async () => (await explain(runId)).reason?.running !== undefined);
    const { reason } = await explain(runId);
    expect(reason?.text).toMatch(/^a delivery to http\S+ is running since \S+Z at host \S+, until \S+Z at the latest$/);
    expect(reason?.running?.host).toBe(hostname());
    await app.client.cancel(runId);
    release();
  }, 60_000);

  it('and doctor finds nothing wrong with any of them', async () => {
    const uri = /mongodb:\S+/.exec(stage.stepwell.said)?.[0];
    const { stdout } = await execute(process.execPath, [CLI, 'doctor', '--full', '--json'], {
      env: { ...process.env, STEPWELL_MONGODB_URI: uri },
    });
    const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: readonly { status: string }[] };
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(healthy).toBe(true);
    const away = execute(process.execPath, [CLI, 'doctor'], {
      env: { ...process.env, STEPWELL_MONGODB_URI: 'mongodb://127.0.0.1:9/?directConnection=true' },
    });
    await expect(away).rejects.toMatchObject({ code: 1, stdout: expect.stringMatching(/^fail {2}mongodb/) as string });
  }, 60_000);
});
