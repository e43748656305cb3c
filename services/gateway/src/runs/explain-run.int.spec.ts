import type { ExplainRunAnswer, WaitingReason } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { type GatewayUnderTest, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const ask = async (id: string): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(`/v1/runs/${id}/explain`);
  return [answer.status, await answer.json()];
};
const answerWith = (answer: ExplainRunAnswer): void => {
  gateway.bus.answer(asks.ExplainRun, () => message(answer));
};

const SLEEP: WaitingReason = {
  waitingFor: 'sleep',
  since: 1_000,
  until: 61_000,
  effectId: 'run-wfr_1:2:1',
  messageId: 'msg_1.wfr_1',
  step: { id: 2, name: 'nap', isPlanned: false },
  url: 'http://app/api',
};
const CHILD: WaitingReason = {
  waitingFor: 'child',
  since: 1_000,
  effectId: 'run-wfr_1:3:0',
  messageId: 'msg_2.wfr_1',
  step: { id: 3, name: 'ask', isPlanned: false },
  group: { size: 3, done: 1 },
  url: 'http://app/child',
  runId: 'wfr_2',
};
const RETRY: WaitingReason = {
  ...SLEEP,
  waitingFor: 'retry',
  retry: { number: 1, of: 3 },
  isOutage: true,
  isAside: true,
};

describe('GET /v1/runs/{id}/explain', () => {
  it('tells the one reason, in fields and in words', async () => {
    answerWith({ status: 'running', reason: SLEEP, others: [], othersTotal: 0 });
    expect(await ask('wfr_1')).toEqual([
      200,
      {
        workflowRunId: 'wfr_1',
        workflowState: 'RUN_STARTED',
        reason: {
          waitingFor: 'sleep',
          text: 'sleeps until 1970-01-01T00:01:01.000Z',
          since: 1_000,
          until: 61_000,
          messageId: 'msg_1.wfr_1',
          step: { id: 2, name: 'nap', isPlanned: false },
          url: 'http://app/api',
        },
        others: [],
        othersTotal: 0,
      },
    ]);
  });

  it('tells what else it waits for', async () => {
    answerWith({ status: 'running', reason: CHILD, others: [RETRY], othersTotal: 250 });
    expect(await ask('wfr_1')).toMatchObject([
      200,
      {
        reason: { waitingFor: 'child', workflowRunId: 'wfr_2', group: { size: 3, done: 1 } },
        others: [{ waitingFor: 'retry', retry: { number: 1, of: 3 }, isOutage: true, isAside: true }],
        othersTotal: 250,
      },
    ]);
  });

  it('tells where a delivery is made, and until when', async () => {
    const { until: _none, ...queued } = SLEEP;
    answerWith({
      status: 'running',
      reason: { ...queued, waitingFor: 'delivery', attempt: 2 },
      others: [],
      othersTotal: 0,
    });
    const running = { host: 'caller-1', since: 13_000, until: 73_000 };
    gateway.bus.answer(asks.FindAttempt, () => message(running));
    expect(await ask('wfr_1')).toMatchObject([
      200,
      { reason: { waitingFor: 'delivery', text: expect.stringContaining('at host caller-1') as string, running } },
    ]);
    const [{ address, message: asked } = {}] = gateway.bus.recorded(asks.FindAttempt);
    expect([address, asked?.head]).toEqual(['all', { effectId: 'run-wfr_1:2:1', attempt: 2 }]);
  });

  it('tells of a delivery that nobody makes that it is queued', async () => {
    const { until: _none, ...queued } = SLEEP;
    answerWith({
      status: 'running',
      reason: { ...queued, waitingFor: 'delivery', attempt: 0 },
      others: [],
      othersTotal: 0,
    });
    const [status, json] = await ask('wfr_1');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      reason: { text: 'a delivery to http://app/api is queued since 1970-01-01T00:00:01.000Z' },
    });
    expect(json).not.toHaveProperty('reason.running');
    expect(json).not.toHaveProperty('reason.attempt');
  });

  it('asks nobody about what is not being made', async () => {
    answerWith({ status: 'running', reason: SLEEP, others: [], othersTotal: 0 });
    await ask('wfr_1');
    expect(gateway.bus.recorded(asks.FindAttempt)).toEqual([]);
  });

  it.each([
    ['succeeded', 'RUN_SUCCESS'],
    ['failed', 'RUN_FAILED'],
    ['cancelled', 'RUN_CANCELED'],
  ] as const)('has no reason for a run that has %s', async (status, workflowState) => {
    answerWith({ status, others: [], othersTotal: 0 });
    expect(await ask('wfr_1')).toEqual([200, { workflowRunId: 'wfr_1', workflowState, others: [], othersTotal: 0 }]);
  });

  it('is 404 for a run that is not known', async () => {
    expect(await ask('wfr_1')).toEqual([404, { error: expect.any(String) as string, code: 'UNKNOWN_RUN' }]);
  });

  it.each([
    ['wfr_a%2Fb', 'wfr_a/b'],
    ['%252F', '%2F'],
    ['a%20b%3Fc', 'a b?c'],
    ['x'.repeat(512), 'x'.repeat(512)],
    ['%2F'.repeat(512), '/'.repeat(512)],
  ])('takes the id of %s', async (path, runId) => {
    await ask(path);
    expect(gateway.bus.recorded(asks.ExplainRun)[0]?.message.head).toEqual({ runId });
  });

  it.each(['%00', '%C3%BC', 'x'.repeat(513)])('refuses an id that could be none: %s', async (id) => {
    expect(await ask(id)).toMatchObject([400, { code: 'INVALID_RUN_ID' }]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each(['', '%zz', 'x'.repeat(1_100)])('has nothing at a path without an id that can be read: %s', async (id) => {
    expect(await ask(id)).toMatchObject([404, { code: 'NOT_FOUND' }]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('is 503 when the owner of the run is away', async () => {
    gateway.bus.silence(asks.ExplainRun);
    expect(await ask('wfr_1')).toMatchObject([503, { code: 'UNAVAILABLE' }]);
  });
});
