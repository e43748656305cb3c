import type { RunRow, WaiterData } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { GatewayUnderTest } from '@stepwell/gateway/testing';
import { CREATED_AT, deadLetter, DEV_TOKEN, pendingMessage, startGateway } from '@stepwell/gateway/testing';
import { Client as QStashClient } from '@upstash/qstash';
import type { WorkflowContext } from '@upstash/workflow';
import { Client as WorkflowClient } from '@upstash/workflow';
import { createWorkflow, serveMany } from '@upstash/workflow/cloudflare';

/*
 * The official clients, unmodified, against a real gateway with a scripted bus: what waits, notifies and invokes, and what becomes of
 * failed runs (protocol.md 5.5, 8.4-8.7, 12).
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
});
afterEach(() => {
  jest.restoreAllMocks();
});

const waiterData: WaiterData = {
  seq: 1,
  messageId: 'msg_1.wfr_1',
  runId: 'wfr_1',
  runCreatedAt: CREATED_AT,
  url: 'http://app/api/wait',
  workflowUrl: 'http://app/api/wait',
  deadlineAt: 1_900_000_000_000,
};

describe('the workflow client', () => {
  it('notifies, all or one, and reads who waits', async () => {
    gateway.bus.answer(asks.Notify, () => message({ notified: 1, waiters: [waiterData] }));
    gateway.bus.answer(asks.ReadWaiters, () => message({ waiters: [waiterData] }));
    expect(await workflows.notify({ eventId: 'order 1', eventData: { ok: true } })).toMatchObject([
      { messageId: 'msg_1.wfr_1', workflowRunId: 'wfr_1', waiter: { url: 'http://app/api/wait' } },
    ]);
    await workflows.notify({ eventId: 'order 1', eventData: 'text', workflowRunId: 'wfr_1' });
    expect(await workflows.getWaiters({ eventId: 'order 1' })).toMatchObject([{ deadline: 1_900_000_000 }]);
    const [all, one] = gateway.bus.recorded(asks.Notify);
    expect(Buffer.from(all?.message.bodies[0] ?? []).toString()).toBe('{"ok":true}');
    expect(all?.message.head).not.toHaveProperty('runId');
    expect(one?.message.head).toMatchObject({ eventId: 'order 1', runId: 'wfr_1' });
    expect(gateway.bus.recorded(asks.OpenMailbox)[0]?.message.head).toEqual({ runId: 'wfr_1', eventId: 'order 1' });
    expect(gateway.bus.recorded(asks.ReadWaiters)[0]?.message.head).toEqual({ eventId: 'order 1' });
  });

  it('lists dead letters, follows their cursor, and has an end', async () => {
    const letter = deadLetter('dlq_1.wfr_1', 'wfr_1');
    const row = { runId: 'wfr_1', deadLetter: { dlqId: 'dlq_1.wfr_1', failedAt: 1, responseStatus: 500 } } as RunRow;
    gateway.bus.answer(asks.ListRuns, ({ message: { head } }) =>
      message({ rows: [row], ...(head.cursor === undefined ? { cursor: 'more' } : {}) }),
    );
    gateway.bus.answer(asks.ReadDeadLetter, () => message({ json: 0 }, [Buffer.from(JSON.stringify(letter))]));
    const first = await workflows.dlq.list({ count: 1, filter: { label: 'x', failureFunctionState: 'CALLBACK_FAIL' } });
    expect(first).toEqual({ messages: [letter], cursor: 'more' });
    expect(await workflows.dlq.list({ count: 1, cursor: 'more' })).toEqual({
      messages: [letter],
      cursor: undefined,
    });
    expect(gateway.bus.recorded(asks.ListRuns)[0]?.message.head.filter).toEqual({
      labels: ['x'],
      deadLetters: { failureState: 'failed' },
    });
  });

  it('resumes and restarts, one, several or all', async () => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    const resumed = await workflows.dlq.resume('dlq_1.wfr_1', { retries: 5, flowControl: { key: 'k', rate: 1 } });
    expect(resumed.workflowRuns).toEqual([
      { workflowRunId: expect.stringMatching(/^wfr_/) as string, workflowCreatedAt: CREATED_AT },
    ]);
    const restarted = await workflows.dlq.restart(['dlq_1.wfr_1', 'dlq_1.wfr_2']);
    expect(restarted.workflowRuns).toHaveLength(2);
    expect(restarted.cursor).toBeUndefined();
    expect(await workflows.dlq.resume({ all: true })).toMatchObject({ workflowRuns: [] });
    const [resume, restart] = gateway.bus.recorded(asks.TakeOverRun);
    expect(resume?.message.head).toMatchObject({
      dlqId: 'dlq_1.wfr_1',
      how: 'resume',
      overrides: { retries: 5, flowControlKey: 'k' },
    });
    expect(restart?.message.head).toMatchObject({ how: 'restart', overrides: {} });
    await expect(workflows.dlq.resume('dlq_none')).rejects.toMatchObject({ status: 404 });
  });

  it('deletes dead letters, and repeats a failure callback', async () => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    expect(await workflows.dlq.delete('dlq_1.wfr_1')).toMatchObject({ deleted: 1 });
    expect(await workflows.dlq.delete({ all: true })).toEqual({ deleted: 0, cursor: undefined });
    expect(await workflows.dlq.retryFailureFunction({ dlqId: 'dlq_1.wfr_1' })).toEqual({
      workflowRunId: 'wfr_1',
      workflowCreatedAt: CREATED_AT,
    });
  });
});

describe('the QStash client', () => {
  it('reads and cancels messages of runs', async () => {
    const pending = pendingMessage('msg_1.wfr_1', 'wfr_1');
    gateway.bus.answer(asks.ReadMessage, () => message({ json: 0 }, [Buffer.from(JSON.stringify(pending))]));
    expect(await qstash.messages.get('msg_1.wfr_1')).toMatchObject({ messageId: 'msg_1.wfr_1' });
    expect(await qstash.messages.cancel('msg_1.wfr_1')).toEqual({ cancelled: 1 });
    expect(await qstash.messages.cancel(['msg_1.wfr_1', 'msg_x'])).toEqual({ cancelled: 1 });
  });
});

describe('a served workflow', () => {
  const step = (body: object, at: number) => ({
    messageId: `msg_${at}`,
    body: Buffer.from(JSON.stringify(body)).toString('base64'),
    callType: 'step',
  });
  const hook = (eventId: string) => ({
    stepId: 1,
    stepName: 'hook',
    stepType: 'CreateWebhook',
    out: JSON.stringify({ webhookUrl: `${gateway.url}/v2/workflows/hooks/defaultUser/wfr_1/${eventId}`, eventId }),
    concurrent: 1,
  });
  const waiting = { stepId: 2, stepName: 'called', stepType: 'WaitForWebhook', concurrent: 1, waitEventId: 'evt_1' };

  /** One delivery of `/api/parent` with these steps behind it. */
  const deliver = async (steps: object[], headers: Record<string, string> = {}): Promise<Response> => {
    const child = createWorkflow(async () => Promise.resolve('done'));
    const parent = createWorkflow(async (context: WorkflowContext<{ n: number }>) => {
      const webhook = await context.createWebhook('hook');
      const called = await context.waitForWebhook('called', webhook, '1h');
      if (called.timeout) return;
      const text = await called.request.text();
      await context.waitForEvent('paid', `order/${text}`, { timeout: 20 });
      await context.invoke('child', { workflow: child, body: { text }, retries: 1, headers: { h: 'v' }, label: 'l' });
    });
    const served = serveMany({ parent, child }, { qstashClient: qstash, receiver: undefined, disableTelemetry: true });
    const request = new Request('http://app/api/parent', {
      method: 'POST',
      headers: {
        'upstash-workflow-sdk-version': '1',
        'upstash-workflow-runid': 'wfr_1',
        'upstash-message-id': `msg_${steps.length}`,
        ...headers,
      },
      body: JSON.stringify([{ n: 1 }, ...steps].map(step)),
    });
    return served.fetch(request, {});
  };
  const submitted = () => gateway.bus.recorded(asks.Submit).flatMap(({ message: { head } }) => head.items);
  const bodies = () => gateway.bus.recorded(asks.Submit)[0]?.message.bodies.map((body) => Buffer.from(body).toString());

  it('makes a webhook that this server has', async () => {
    expect((await deliver([])).status).toBe(200);
    const { out } = JSON.parse(bodies()?.[0] ?? '') as { out: string };
    const { webhookUrl, eventId } = JSON.parse(out) as { webhookUrl: string; eventId: string };
    const called = await fetch(webhookUrl, { method: 'PUT', body: 'x' });
    expect(called.status).toBe(200);
    expect(gateway.bus.recorded(asks.OpenMailbox)[0]?.message.head).toEqual({ runId: 'wfr_1', eventId });
  });

  it('waits for it', async () => {
    expect((await deliver([hook('evt_1')])).status).toBe(200);
    expect(submitted()).toMatchObject([
      {
        kind: 'wait',
        eventId: 'evt_1',
        timeoutMs: 3_600_000,
        destination: 'http://app/api/parent',
        workflowUrl: 'http://app/api/parent',
        step: { stepId: 2, stepName: 'called', stepType: 'WaitForWebhook', concurrent: 1 },
        forwards: [['upstash-workflow-sdk-version', '1']],
        features: ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'],
      },
    ]);
    expect(bodies()).toEqual(['{"stepId":2,"stepType":"WaitForWebhook","stepName":"called","concurrent":1}']);
  });

  /** What this server says of a call of the webhook is what the client makes a `Request` of. */
  const answered = async (): Promise<object> => {
    await fetch(`${gateway.url}/v2/workflows/hooks/defaultUser/wfr_1/evt_1?q=1`, { method: 'PUT', body: '17' });
    const notice = gateway.bus.recorded(asks.Notify)[0]?.message.bodies[0] ?? new Uint8Array();
    gateway.bus.reset();
    return { ...waiting, out: Buffer.from(notice).toString('base64') };
  };

  it('reads what called it, and waits for an event', async () => {
    expect((await deliver([hook('evt_1'), await answered()])).status).toBe(200);
    expect(submitted()).toMatchObject([{ kind: 'wait', eventId: 'order/17', timeoutMs: 20_000 }]);
  });

  it('invokes another', async () => {
    const paid = { stepId: 3, stepName: 'paid', stepType: 'Wait', concurrent: 1, waitEventId: 'order/17' };
    expect((await deliver([hook('evt_1'), await answered(), paid])).status).toBe(200);
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.runId).toBe('wfr_1');
    expect(submitted()).toMatchObject([
      {
        kind: 'invoke',
        destination: 'http://app/api/parent',
        step: { stepId: 4, stepName: 'child', stepType: 'Invoke', concurrent: 1 },
        child: {
          runId: expect.stringMatching(/^wfr_/) as string,
          destination: 'http://app/api/child',
          workflowUrl: 'http://app/api/child',
          config: {
            retries: 1,
            forwards: [['h', 'v']],
            labels: ['l'],
            failureCallback: { url: 'http://app/api/child' },
          },
        },
      },
    ]);
    expect(bodies()?.[1]).toBe('{"text":"17"}');
  });

  it('continues a start that it is asked about (5.5)', async () => {
    const asked = { 'upstash-workflow-sdk-version': '', 'upstash-workflow-unknown-sdk': 'true', h: 'v' };
    expect((await deliver([], asked)).status).toBe(200);
    expect(submitted()).toMatchObject([
      {
        kind: 'start',
        bySdk: true,
        destination: 'http://app/api/parent',
        config: { forwards: expect.arrayContaining([['h', 'v']]) as unknown },
      },
    ]);
    expect(submitted()[0]?.forwards.map(([name]) => name)).not.toContain('upstash-workflow-unknown-sdk');
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.runId).toBe('wfr_1');
  });
});
