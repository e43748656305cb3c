import { asks, message } from '@stepwell/core';
import type { RunRow } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const cancel = async (query = '', body?: string): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(`/v2/workflows/runs${query}`, {
    method: 'DELETE',
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
  return [answer.status, await answer.json()];
};
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });
const row = (runId: string): RunRow => ({
  runId,
  partition: 0,
  version: 1,
  status: 'running',
  url: 'http://a/',
  host: 'a',
  path: '/',
  workflow: 'a',
  labels: [],
  callerIp: '',
  createdAt: 1,
});
/** Pages of these sizes, one after the other. */
const pages = (...sizes: number[]): void => {
  gateway.bus.answer(asks.ListRuns, ({ message: { head } }) => {
    const page = Number(head.cursor ?? '0');
    const rows = Array.from({ length: Math.min(sizes[page] ?? 0, head.count) }, (_, at) => row(`${page}-${at}`));
    return message({ rows, ...(page + 1 < sizes.length ? { cursor: String(page + 1) } : {}) });
  });
};
const filtersAsked = (): unknown[] => gateway.bus.recorded(asks.ListRuns).map(({ message: { head } }) => head.filter);
const cancelled = (): string[] => gateway.bus.recorded(asks.CancelRun).map(({ message: { head } }) => head.runId);

describe('DELETE /v2/workflows/runs by ids (8.8)', () => {
  it('counts those that were running', async () => {
    gateway.bus.answer(asks.CancelRun, ({ message: { head } }) =>
      head.runId === 'gone' ? message({ refused: 'UNKNOWN_RUN' }) : message({ cancelled: head.runId !== 'ended' }),
    );
    const ids = ['a', 'b,c', 'gone', 'ended', 'a'].map((id) => `workflowRunIds=${id}`).join('&');
    expect(await cancel(`?${ids}&count=1&workflowUrl=http://a/`)).toEqual([200, { cancelled: 2 }]);
    expect(cancelled()).toEqual(['a', 'b,c', 'gone', 'ended']);
    expect(filtersAsked()).toEqual([]);
  });

  it('takes them in a body, as older clients send them', async () => {
    expect(await cancel('', '{"workflowRunIds":["a","b"]}')).toEqual([200, { cancelled: 2 }]);
    expect(cancelled()).toEqual(['a', 'b']);
  });
});

describe('DELETE /v2/workflows/runs by filters (8.8)', () => {
  it.each<[string, string | undefined, object]>([
    ['', undefined, {}],
    ['?count=100', undefined, {}],
    ['', '{}', {}],
    ['?workflowUrl=http://a/', undefined, { urlPrefix: 'http://a/' }],
    ['', '{"workflowUrl":"http://a/"}', { urlPrefix: 'http://a/' }],
    ['?workflowUrl=http://a/,b&workflowUrlExactMatch=true', undefined, { workflowUrl: 'http://a/,b' }],
    ['', '{"workflowUrl":"http://a/","workflowUrlExactMatch":true}', { workflowUrl: 'http://a/' }],
    ['?label=x&label=y,z', undefined, { labels: ['x', 'y', 'z'] }],
    ['?fromDate=1&toDate=2', undefined, { fromMs: 1, toMs: 2 }],
    ['?callerIp=%3A%3A1&flowControlKey=k', undefined, { callerIp: '::1', flowControlKey: 'k' }],
    ['?host=a%3A80&path=/b', undefined, { host: 'a:80', path: '/b' }],
  ])('understands %j %j', async (query, body, filter) => {
    pages(2);
    expect(await cancel(query, body)).toEqual([200, { cancelled: 2 }]);
    expect(filtersAsked()).toEqual([{ ...filter, status: 'running' }]);
  });

  it('takes several values of one as "or"', async () => {
    await cancel('?workflowUrl=http://a/&workflowUrl=http://b/&callerIp=1&callerIp=2');
    const others = { callerIp: ['1', '2'], status: 'running' };
    expect(filtersAsked()).toEqual([
      { urlPrefix: 'http://a/', ...others },
      { urlPrefix: 'http://b/', ...others },
    ]);
    await cancel('?workflowUrl=http://a/&workflowUrl=http://b/&workflowUrlExactMatch=true');
    expect(filtersAsked().at(-1)).toEqual({ workflowUrl: ['http://a/', 'http://b/'], status: 'running' });
  });

  it('goes through the pages until as many are cancelled as it may', async () => {
    pages(3, 3, 3);
    gateway.bus.answer(asks.CancelRun, ({ message: { head } }) => message({ cancelled: !head.runId.startsWith('0') }));
    expect(await cancel('?count=4')).toEqual([200, { cancelled: 4 }]);
    expect(cancelled()).toEqual(['0-0', '0-1', '0-2', '1-0', '1-1', '1-2', '2-0']);
  });

  it('ends with the last page', async () => {
    pages(2, 0, 1);
    expect(await cancel()).toEqual([200, { cancelled: 3 }]);
  });
});

describe('what is not understood cancels nothing', () => {
  it.each([
    '?labeel=x',
    '?workflowRunIds=a&labeel=x',
    '?workflowRunIds=',
    '?label=',
    '?workflowUrl=',
    '?callerIp=',
    '?count=0',
    '?count=some',
    '?fromDate=yesterday',
    '?workflowUrl=http://a/&workflowUrlExactMatch=yes',
    `?${'callerIp=1&'.repeat(1_001)}`,
  ])('%.60s', async (query) => {
    expect(await cancel(query)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each([
    ['[]', 'INVALID_JSON'],
    ['{', 'INVALID_JSON'],
    ['null', 'INVALID_JSON'],
    ['{"workflowRunIds":[]}', 'INVALID_BODY'],
    ['{"workflowRunIds":null}', 'INVALID_BODY'],
    ['{"workflowRunIds":[5]}', 'INVALID_BODY'],
    ['{"workflowUrl":null}', 'INVALID_BODY'],
    ['{"workflowUrl":""}', 'INVALID_BODY'],
    ['{"urlStartingWith":"http://a/"}', 'INVALID_BODY'],
  ])('%s', async (body, code) => {
    expect(await cancel('', body)).toEqual([400, refused(code)]);
    expect(gateway.bus.asked).toEqual([]);
  });
});
