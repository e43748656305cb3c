import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asks, message } from '@stepwell/core';
import type { GatewayUnderTest } from '@stepwell/gateway/testing';
import { DEV_TOKEN, startGateway } from '@stepwell/gateway/testing';
import { Client as QStashClient } from '@upstash/qstash';
import { Client as WorkflowClient, serve } from '@upstash/workflow';

/*
 * The official clients, unmodified, against a real gateway with a scripted bus: what they send is understood, what they get they
 * understand (protocol.md 2, 5.1, 7.3, 8.2, 8.3, 16).
 */

let gateway: GatewayUnderTest;
let workflows: WorkflowClient;
let qstash: QStashClient;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 500 });
  workflows = new WorkflowClient({ baseUrl: gateway.url, token: DEV_TOKEN });
  qstash = new QStashClient({ baseUrl: gateway.url, token: DEV_TOKEN });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
  // The clients say on the console what they throw as well.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const submitted = () => gateway.bus.recorded(asks.Submit).flatMap(({ message: { head } }) => head.items);
const bodyText = (index = 0): string =>
  Buffer.from(gateway.bus.recorded(asks.Submit)[0]?.message.bodies[index] ?? []).toString();

describe('the workflow client', () => {
  it('triggers with every option there is', async () => {
    const { workflowRunId } = await workflows.trigger({
      url: 'http://app/api/seq?x=1',
      body: { hello: 'wörld' },
      headers: { 'my-header': 'mv' },
      workflowRunId: 'mine',
      retries: 2,
      retryDelay: 'pow(2, retried) * 1000',
      flowControl: { key: 'k', parallelism: 3, rate: 5, period: '1m' },
      delay: '10s',
      label: 'lab',
      failureUrl: 'http://app/api/failed',
      redact: { body: true },
    });
    expect(workflowRunId).toBe('wfr_mine');
    expect(bodyText()).toBe('{"hello":"wörld"}');
    expect(submitted()).toEqual([
      expect.objectContaining({
        kind: 'start',
        destination: 'http://app/api/seq?x=1',
        workflowUrl: 'http://app/api/seq?x=1',
        method: 'POST',
        delayMs: 10_000,
        forwards: expect.arrayContaining([
          ['my-header', 'mv'],
          ['upstash-workflow-sdk-version', '1'],
        ]) as unknown,
        features: expect.arrayContaining([
          'LazyFetch',
          'InitialBody',
          'WF_DetectTrigger',
          'WF_TriggerOnConfig',
        ]) as unknown,
        config: expect.objectContaining({
          forwards: [['my-header', 'mv']],
          retries: 2,
          retryDelay: 'pow(2, retried) * 1000',
          flowControlKey: 'k',
          labels: ['lab'],
          failureCallback: expect.objectContaining({ url: 'http://app/api/failed', retries: 2 }) as unknown,
        }) as unknown,
      }),
    ]);
  });

  it('triggers several runs at once', async () => {
    const runs = await workflows.trigger([
      { url: 'http://app/a', workflowRunId: 'a' },
      { url: 'http://app/b', workflowRunId: 'b' },
    ]);
    expect(runs.map(({ workflowRunId }) => workflowRunId)).toEqual(['wfr_a', 'wfr_b']);
    expect(gateway.bus.recorded(asks.Submit)).toHaveLength(2);
  });

  it.each([
    ['a destination that is no URL', { url: 'nope' }, 400, 'INVALID_DESTINATION'],
    ['an absurd number of retries', { url: 'http://a/', retries: 1_000_000 }, 412, 'QUOTA_EXCEEDED'],
    ['a delay that is none', { url: 'http://a/', delay: 'soon' as `${bigint}s` }, 400, 'INVALID_DURATION'],
    ['a wrong expression', { url: 'http://a/', retryDelay: 'eval(1)' }, 400, 'INVALID_RETRY_DELAY'],
  ])('is told about %s', async (_what, options, status, code) => {
    const error: unknown = await workflows.trigger(options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status, message: expect.stringContaining(code) as string });
    expect(gateway.bus.asked).toEqual([]);
  });

  it('is told about a wrong token', async () => {
    const stranger = new WorkflowClient({ baseUrl: gateway.url, token: 'wrong' });
    await expect(stranger.trigger({ url: 'http://a/' })).rejects.toMatchObject({ status: 401 });
  });

  it('reads logs', async () => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    const filter = { workflowRunId: 'wfr_1', state: 'RUN_SUCCESS', workflowUrl: 'http://a/', count: 5 } as const;
    expect(await workflows.logs(filter)).toEqual({ cursor: '', runs: [] });
    expect(gateway.bus.recorded(asks.ListRuns)[0]?.message.head).toEqual({
      filter: { runIds: ['wfr_1'], status: 'succeeded', workflowUrl: 'http://a/' },
      count: 5,
    });
  });

  it('cancels by id', async () => {
    expect(await workflows.cancel(['wfr_1', 'wfr_2'])).toEqual({ cancelled: 2 });
    expect(await workflows.cancel('wfr_1')).toEqual({ cancelled: 1 });
    expect(gateway.bus.recorded(asks.CancelRun)).toHaveLength(3);
  });

  it('cancels by filters, and everything', async () => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    await workflows.cancel({ filter: { workflowUrl: 'http://a/', label: ['x', 'y'], fromDate: new Date(5) } });
    await workflows.cancel({ filter: { workflowUrlStartingWith: 'http://a/', callerIp: '::1' } });
    await workflows.cancel({ filter: { flowControlKey: ['k', 'l'] } });
    await workflows.cancel({ all: true });
    expect(gateway.bus.recorded(asks.ListRuns).map(({ message: { head } }) => head.filter)).toEqual([
      { workflowUrl: 'http://a/', labels: ['x', 'y'], fromMs: 5, status: 'running' },
      { urlPrefix: 'http://a/', callerIp: '::1', status: 'running' },
      { flowControlKey: ['k', 'l'], status: 'running' },
      { status: 'running' },
    ]);
  });
});

describe('a served workflow', () => {
  const soon = Math.round(Date.now() / 1_000) + 3_600;
  const deliver = async (steps: object[], runId = 'wfr_1'): Promise<Response> => {
    const { handler } = serve<{ n: number }>(
      async (context) => {
        const sum = await context.run('add', () => context.requestPayload.n + 1);
        await context.sleep('nap', '10m');
        await context.call('ask', {
          url: 'http://third/?q=1',
          method: 'PUT',
          // Typed as text, and sent as it is: JavaScript users put objects here (protocol.md 2.4).
          body: { sum } as unknown as string,
          headers: { h: '1' },
          timeout: 30,
        });
        await Promise.all([context.run('left', () => 'l'), context.sleepUntil('right', soon)]);
        return { sum };
      },
      { qstashClient: qstash, receiver: undefined, disableTelemetry: true },
    );
    const list = [{ messageId: 'msg_0', body: base64('{"n":1}'), callType: 'step' }].concat(
      steps.map((step, at) => ({ messageId: `msg_${at + 1}`, body: base64(JSON.stringify(step)), callType: 'step' })),
    );
    return handler(
      new Request('http://app/api/sum', {
        method: 'POST',
        headers: {
          'upstash-workflow-sdk-version': '1',
          'upstash-workflow-runid': runId,
          'upstash-message-id': `msg_${steps.length}`,
        },
        body: JSON.stringify(list),
      }),
    );
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const add = { stepId: 1, stepName: 'add', stepType: 'Run', out: '2', concurrent: 1 };
  const nap = { stepId: 2, stepName: 'nap', stepType: 'SleepFor', sleepFor: '10m', concurrent: 1 };
  const call = {
    stepId: 3,
    stepName: 'ask',
    stepType: 'Call',
    out: '{"status":200,"body":"","header":{}}',
    concurrent: 1,
  };
  const left = { stepId: 4, stepName: 'left', stepType: 'Run', out: '"l"', concurrent: 2 };
  const right = { stepId: 5, stepName: 'right', stepType: 'SleepUntil', sleepUntil: soon, concurrent: 2 };
  const plans = [
    { stepId: 0, stepName: 'left', stepType: 'Run', concurrent: 2, targetStep: 4 },
    { stepId: 0, stepName: 'right', stepType: 'SleepUntil', sleepUntil: soon, concurrent: 2, targetStep: 5 },
  ];

  it('submits the result of a step', async () => {
    expect((await deliver([])).status).toBe(200);
    expect(submitted()).toEqual([expect.objectContaining({ kind: 'step', destination: 'http://app/api/sum' })]);
    expect(JSON.parse(bodyText())).toEqual(add);
  });

  it('sleeps', async () => {
    expect((await deliver([add])).status).toBe(200);
    expect(submitted()).toEqual([expect.objectContaining({ kind: 'step', delayMs: 600_000 })]);
  });

  it('calls, with a body that is not serialised', async () => {
    expect((await deliver([add, nap])).status).toBe(200);
    expect(submitted()).toEqual([
      expect.objectContaining({
        kind: 'call',
        destination: 'http://third/?q=1',
        workflowUrl: 'http://app/api/sum',
        method: 'PUT',
        timeoutMs: 30_000,
        settings: { retries: 0 },
        forwards: [['h', '1']],
        callback: expect.objectContaining({
          url: 'http://app/api/sum',
          stepId: 3,
          stepName: 'ask',
          stepType: 'Call',
          concurrent: 1,
        }) as unknown,
      }),
    ]);
    expect(bodyText()).toBe('{"sum":2}');
  });

  it('plans parallel steps in one ask', async () => {
    expect((await deliver([add, nap, call])).status).toBe(200);
    const [ask, ...more] = gateway.bus.recorded(asks.Submit);
    expect(more).toEqual([]);
    expect(ask?.message.head.items).toEqual([
      expect.objectContaining({ step: { stepId: 0, stepName: 'left', stepType: 'Run', concurrent: 2, targetStep: 4 } }),
      expect.objectContaining({ notBeforeMs: soon * 1_000 }),
    ]);
  });

  it('finishes', async () => {
    expect((await deliver([add, nap, call, ...plans, left, right])).status).toBe(200);
    const [finish] = gateway.bus.recorded(asks.FinishRun);
    expect(finish?.message.head.runId).toBe('wfr_1');
    expect(Buffer.from(finish?.message.bodies[0] ?? []).toString()).toBe('{"sum":2}');
  });

  it('stops quietly when its run has ended, fails for good on a quota, and is delivered again on anything else (7.4)', async () => {
    gateway.bus.answer(asks.Submit, () => message({ refused: 'RUN_ENDED' }));
    expect((await deliver([])).status).toBe(200);
    gateway.bus.answer(asks.Submit, () => message({ refused: 'QUOTA_EXCEEDED' }));
    expect((await deliver([])).status).toBe(489);
    gateway.bus.silence(asks.Submit);
    const failed = await deliver([]);
    expect(failed.status).toBe(500);
    expect(await failed.text()).toContain('UNAVAILABLE');
  });
});

describe('the QStash client', () => {
  it('publishes a step result as the callback of a call does', async () => {
    const answer = await qstash.publish({
      url: 'http://app/a?b=c&d=%2F',
      headers: { 'upstash-workflow-runid': 'wfr_1', 'upstash-workflow-init': 'false' },
      body: '{"stepId":1,"stepName":"c","stepType":"Call","out":"{}","concurrent":1}',
    });
    expect(answer).toMatchObject({ messageId: expect.stringMatching(/^msg_/) as string, workflowRunId: 'wfr_1' });
    expect(submitted()[0]?.destination).toBe('http://app/a?b=c&d=%2F');
  });

  it('hears that plain messages, groups and schedules are to come', async () => {
    await expect(qstash.publish({ url: 'http://a/', body: 'x' })).rejects.toMatchObject({ status: 501 });
    await expect(qstash.publish({ urlGroup: 'g', body: 'x' })).rejects.toMatchObject({ status: 501 });
    await expect(qstash.batch([{ url: 'http://a/' }])).rejects.toMatchObject({ status: 501 });
    await expect(qstash.schedules.list()).rejects.toMatchObject({ status: 501 });
  });

  it('adopts the server in its dev mode, and downloads nothing', async () => {
    // In a process of its own: the client looks for its server by dynamic imports, which Jest's modules don't have.
    const script = `const { Client } = require('@upstash/qstash');
      new Client({}).publish({ url: 'http://a/', body: 'x' }).catch(({ status }) => console.log('status', status));`;
    const env = { PATH: process.env.PATH, QSTASH_DEV: 'true', QSTASH_DEV_PORT: String(gateway.port) };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: __dirname, env });
    expect(stdout).toContain(`Server already running at http://127.0.0.1:${gateway.port}`);
    expect(stdout).toContain('status 501');
  });
});
