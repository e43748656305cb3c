import { asks, message, partitionOf, runStream } from '@stepwell/core';
import type { RunRow } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { CREATED_AT, deadLetter, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200, deadLetterBulkLimit: 3 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const ask = async (
  method: string,
  path: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
  return [answer.status, await answer.json()];
};
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });
const row = (runId: string): RunRow => ({
  runId,
  partition: 0,
  version: 1,
  status: 'failed',
  url: 'http://a/',
  host: 'a',
  path: '/',
  workflow: 'a',
  labels: [],
  callerIp: '',
  createdAt: 1,
  deadLetter: { dlqId: `dlq_1.${runId}`, failedAt: 2, responseStatus: 500 },
});
/** Letters 1 to `total`, in pages; of those that are `gone` the run knows nothing any more. */
const letters = (total: number, gone: readonly string[] = []): void => {
  gateway.bus.answer(asks.ListRuns, ({ message: { head } }) => {
    const from = Number(head.cursor ?? '0');
    const to = Math.min(from + head.count, total);
    const rows = Array.from({ length: to - from }, (_, at) => row(`wfr_${from + at + 1}`));
    return message({ rows, ...(to < total ? { cursor: String(to) } : {}) });
  });
  const unknown = ({ message: { head } }: { message: { head: { runId: string } } }): boolean =>
    gone.includes(head.runId);
  gateway.bus.answer(asks.ReadDeadLetter, (asked) =>
    unknown(asked)
      ? message({ refused: 'UNKNOWN_DEAD_LETTER' })
      : message({ json: 0 }, [letterOf(asked.message.head.runId)]),
  );
  gateway.bus.answer(asks.DeleteDeadLetter, (asked) =>
    unknown(asked) ? message({ refused: 'UNKNOWN_DEAD_LETTER' }) : message({}),
  );
  gateway.bus.answer(asks.TakeOverRun, (asked) =>
    unknown(asked)
      ? message({ refused: 'UNKNOWN_DEAD_LETTER' })
      : message({ workflowRunId: `new_${asked.message.head.runId}`, workflowCreatedAt: CREATED_AT }),
  );
};
const shown = (...runIds: string[]): unknown[] => runIds.map((runId) => deadLetter(`dlq_1.${runId}`, runId));
const letterOf = (runId: string, more = {}): Buffer =>
  Buffer.from(JSON.stringify(Object.assign(deadLetter(`dlq_1.${runId}`, runId), more)));
const named = (...runIds: string[]): unknown[] =>
  runIds.map((runId) => ({ workflowRunId: `new_${runId}`, workflowCreatedAt: CREATED_AT }));

describe('GET /v2/dlq?source=workflow and /v2/workflows/dlq (12)', () => {
  it.each(['/v2/dlq?source=workflow', '/v2/workflows/dlq'])(
    'lists what is there, without a cursor at the end: %s',
    async (path) => {
      letters(3, ['wfr_2']);
      expect(await ask('GET', path)).toEqual([200, { messages: shown('wfr_1', 'wfr_3') }]);
      expect(gateway.bus.recorded(asks.ListRuns)[0]).toMatchObject({
        address: 'any',
        message: { head: { filter: { deadLetters: {} } } },
      });
      expect(gateway.bus.recorded(asks.ReadDeadLetter)[0]).toMatchObject({
        address: { partition: partitionOf(runStream('wfr_1')) },
        message: { head: { runId: 'wfr_1', dlqId: 'dlq_1.wfr_1' } },
      });
    },
  );

  it('goes on at the cursor', async () => {
    letters(30);
    expect(await ask('GET', '/v2/workflows/dlq?count=2&cursor=5')).toEqual([
      200,
      { messages: shown('wfr_6', 'wfr_7'), cursor: '7' },
    ]);
    const [, all] = await ask('GET', '/v2/workflows/dlq?count=500');
    expect((all as { messages: unknown[] }).messages).toHaveLength(30);
    expect(all).not.toHaveProperty('cursor');
  });

  it('ends a page early when its bodies are large', async () => {
    letters(30);
    const large = letterOf('wfr_1', { responseBody: 'x'.repeat(2 * 1024 * 1024) });
    gateway.bus.answer(asks.ReadDeadLetter, () => message({ json: 0 }, [large]));
    const [, json] = await ask('GET', '/v2/workflows/dlq');
    expect(json).toMatchObject({ cursor: '10' });
    expect((json as { messages: unknown[] }).messages).toHaveLength(10);
  });

  it.each<[string, object]>([
    ['workflowUrl=http://a/', { workflowUrl: 'http://a/', deadLetters: {} }],
    ['url=http://a/', { workflowUrl: 'http://a/', deadLetters: {} }],
    ['workflowRunId=wfr_1&workflowCreatedAt=5', { runIds: ['wfr_1'], createdAt: 5, deadLetters: {} }],
    ['label=a&label=b,c', { labels: ['a', 'b', 'c'], deadLetters: {} }],
    ['responseStatus=500', { deadLetters: { responseStatus: 500 } }],
    ['failureFunctionState=CALLBACK_FAIL', { deadLetters: { failureState: 'failed' } }],
    ['failureFunctionState=CALLBACK_INPROGRESS', { deadLetters: { failureState: 'in-progress' } }],
    ['callerIp=1&flowControlKey=k', { callerIp: '1', flowControlKey: 'k', deadLetters: {} }],
    ['workflowUrl=http://a/&workflowUrl=http://b/', { workflowUrl: ['http://a/', 'http://b/'], deadLetters: {} }],
    ['callerIP=1', { callerIp: '1', deadLetters: {} }],
    ['messageId=msg_1.wfr_1', { runIds: ['wfr_1'], deadLetters: {} }],
    ['fromDate=1&toDate=2', { fromMs: 1, toMs: 2, deadLetters: {} }],
  ])('understands %s', async (query, filter) => {
    expect((await ask('GET', `/v2/dlq?source=workflow&${query}`))[0]).toBe(200);
    expect(gateway.bus.recorded(asks.ListRuns)[0]?.message.head.filter).toEqual(filter);
  });

  it('finds nothing by a message of no run', async () => {
    expect(await ask('GET', '/v2/workflows/dlq?messageId=msg_1')).toEqual([200, { messages: [] }]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('looks for ids alone if there are any', async () => {
    letters(0, ['wfr_2']);
    const query = 'dlqIds=dlq_1.wfr_1&dlqIds=dlq_1.wfr_2,dlq_x&label=z';
    expect(await ask('GET', `/v2/workflows/dlq?${query}`)).toEqual([200, { messages: shown('wfr_1') }]);
    expect(gateway.bus.recorded(asks.ListRuns)).toEqual([]);
  });

  it.each([
    'labeel=x',
    'source=message',
    'failureFunctionState=failed',
    'responseStatus=ok',
    'count=0',
    'label=',
    'dlqIds=',
    `dlqIds=${Array.from({ length: 101 }, (_, at) => `dlq_1.${at}`).join()}`,
  ])('refuses %.40s', async (query) => {
    expect(await ask('GET', `/v2/workflows/dlq?${query}`)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe('one dead letter', () => {
  it('is read and deleted', async () => {
    letters(1);
    expect(await ask('GET', '/v2/workflows/dlq/dlq_1.wfr_1')).toEqual([200, deadLetter('dlq_1.wfr_1', 'wfr_1')]);
    expect(await ask('DELETE', '/v2/workflows/dlq/dlq_1.wfr_1')).toEqual([200, { deleted: 1 }]);
    expect(gateway.bus.recorded(asks.DeleteDeadLetter)[0]?.message.head).toEqual({
      runId: 'wfr_1',
      dlqId: 'dlq_1.wfr_1',
      askId: expect.any(String) as string,
    });
  });

  it.each(['dlq_1.wfr_1', 'dlq_1', '%00'])('%s may be unknown', async (id) => {
    letters(0, ['wfr_1']);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', 'resume/'],
      ['POST', 'restart/'],
    ] as const) {
      expect(await ask(method, `/v2/workflows/dlq/${path}${id}`)).toEqual([404, refused('UNKNOWN_DEAD_LETTER')]);
    }
  });
});

describe('DELETE /v2/workflows/dlq (12)', () => {
  it.each<[string, { body?: string }]>([
    ['?dlqIds=dlq_1.wfr_1&dlqIds=dlq_1.wfr_2', {}],
    ['', { body: '{"dlqIds":["dlq_1.wfr_1","dlq_1.wfr_2","dlq_x"]}' }],
  ])('deletes by ids and counts: %j', async (query, init) => {
    letters(0, ['wfr_2']);
    expect(await ask('DELETE', `/v2/workflows/dlq${query}`, init)).toEqual([200, { deleted: 1 }]);
  });

  it('deletes by filters, or any, and says where to go on', async () => {
    letters(4, ['wfr_2']);
    expect(await ask('DELETE', '/v2/workflows/dlq?count=2&label=x')).toEqual([200, { deleted: 2, cursor: '3' }]);
    expect(gateway.bus.recorded(asks.ListRuns)[0]?.message.head.filter).toEqual({ labels: ['x'], deadLetters: {} });
    expect(await ask('DELETE', '/v2/workflows/dlq?count=100')).toEqual([200, { deleted: 3 }]);
  });

  it.each(['?labeel=x', '?label=', '?dlqIds='])('refuses %s', async (query) => {
    expect(await ask('DELETE', `/v2/workflows/dlq${query}`)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe.each(['resume', 'restart'] as const)('POST /v2/workflows/dlq/%s (12)', (how) => {
  const path = `/v2/workflows/dlq/${how}`;

  it('makes a new run of one, with the settings of the headers', async () => {
    const headers = { 'Upstash-Retries': '7', 'Upstash-Label': 'again', 'content-type': 'text/plain' };
    const [status, json] = await ask('POST', `${path}/dlq_1.wfr_1`, { headers });
    const [take] = gateway.bus.recorded(asks.TakeOverRun);
    expect(take?.address).toEqual({ partition: partitionOf(runStream('wfr_1')) });
    expect(take?.message.head).toEqual({
      runId: 'wfr_1',
      dlqId: 'dlq_1.wfr_1',
      askId: expect.any(String) as string,
      how,
      successor: expect.stringMatching(/^wfr_[\w-]{21}$/) as string,
      overrides: { retries: 7, labels: ['again'] },
    });
    expect([status, json]).toEqual([
      200,
      { workflowRunId: take?.message.head.successor, workflowCreatedAt: CREATED_AT },
    ]);
  });

  it('makes new runs of several, as far as they are there', async () => {
    letters(0, ['wfr_2']);
    const query = '?dlqIds=dlq_1.wfr_1&dlqIds=dlq_1.wfr_2&dlqIds=dlq_1.wfr_3';
    expect(await ask('POST', path + query)).toEqual([200, { workflowRuns: named('wfr_1', 'wfr_3') }]);
  });

  it('says so when none of them is', async () => {
    letters(0, ['wfr_2']);
    expect(await ask('POST', `${path}?dlqIds=dlq_1.wfr_2`)).toEqual([404, refused('UNKNOWN_DEAD_LETTER')]);
  });

  it('goes by filters, or takes any, within its limit', async () => {
    letters(5);
    expect(await ask('POST', `${path}?label=x&count=2`)).toEqual([
      200,
      { workflowRuns: named('wfr_1', 'wfr_2'), cursor: '2' },
    ]);
    expect(await ask('POST', `${path}?count=100&cursor=2`)).toEqual([
      200,
      { workflowRuns: named('wfr_3', 'wfr_4', 'wfr_5') },
    ]);
    expect(await ask('POST', path)).toEqual([200, { workflowRuns: named('wfr_1', 'wfr_2', 'wfr_3'), cursor: '3' }]);
    letters(0);
    expect(await ask('POST', path)).toEqual([200, { workflowRuns: [] }]);
  });

  it('takes no more at a time than it may', async () => {
    const ids = ['a', 'b', 'c', 'd'].map((runId) => `dlqIds=dlq_1.${runId}`).join('&');
    expect(await ask('POST', `${path}?${ids}`)).toEqual([412, refused('QUOTA_EXCEEDED')]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('refuses settings that cannot be', async () => {
    const headers = { 'Upstash-Retries': 'many' };
    expect(await ask('POST', `${path}/dlq_1.wfr_1`, { headers })).toEqual([400, refused('INVALID_HEADER')]);
    expect(await ask('POST', `${path}?dlqIds=dlq_1.wfr_1`, { headers })).toEqual([400, refused('INVALID_HEADER')]);
    expect(await ask('POST', `${path}?labeel=x`)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe('/v2/workflows/dlq/callback/{id} (12)', () => {
  const path = '/v2/workflows/dlq/callback/dlq_1.wfr_1';

  it('is made once more: the same run', async () => {
    expect(await ask('POST', path)).toEqual([200, { workflowRunId: 'wfr_1', workflowCreatedAt: CREATED_AT }]);
    expect(gateway.bus.recorded(asks.RequestFailureCallback)[0]?.message.head).toMatchObject({
      runId: 'wfr_1',
      dlqId: 'dlq_1.wfr_1',
    });
  });

  it('is called off', async () => {
    expect(await ask('DELETE', path)).toEqual([200, {}]);
    expect(gateway.bus.recorded(asks.CancelFailureCallback)).toHaveLength(1);
  });

  it.each([
    ['NOT_FAILED', 400],
    ['UNKNOWN_DEAD_LETTER', 404],
  ] as const)('may be impossible: %s', async (code, status) => {
    gateway.bus.answer(asks.RequestFailureCallback, () => message({ refused: code }));
    gateway.bus.answer(asks.CancelFailureCallback, () => message({ refused: code }));
    expect(await ask('POST', path)).toEqual([status, refused(code)]);
    expect(await ask('DELETE', path)).toEqual([status, refused(code)]);
  });
});
