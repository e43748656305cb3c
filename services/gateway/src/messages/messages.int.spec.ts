import { asks, idInRun, message, partitionOf, runStream } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { pendingMessage, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const ask = async (method: string, path: string, body?: string): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path, { method, ...(body === undefined ? {} : { body }) });
  return [answer.status, await answer.json()];
};
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });
const onlyKnown = (known: string): void => {
  gateway.bus.answer(asks.CancelMessage, ({ message: { head } }) =>
    head.messageId === known ? message({}) : message({ refused: 'UNKNOWN_MESSAGE' }),
  );
};

describe('GET /v2/messages/{id} (13.2)', () => {
  it('gives the message as its run wrote it', async () => {
    const json = JSON.stringify(pendingMessage('msg_1.wfr_1', 'wfr_1'), undefined, 1);
    gateway.bus.answer(asks.ReadMessage, () => message({ json: 0 }, [Buffer.from(json)]));
    const answer = await gateway.request('/v2/messages/msg_1.wfr_1');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.text()).toBe(json);
    expect(gateway.bus.asked).toMatchObject([
      {
        address: { partition: partitionOf(runStream('wfr_1')) },
        message: { head: { runId: 'wfr_1', messageId: 'msg_1.wfr_1' } },
      },
    ]);
  });

  it('finds the run of any id', async () => {
    const id = idInRun('msg', 'x', 'order 17/ü');
    expect(await ask('GET', `/v2/messages/${id}`)).toEqual([404, refused('UNKNOWN_MESSAGE')]);
    expect(gateway.bus.recorded(asks.ReadMessage)[0]?.message.head.runId).toBe('order 17/ü');
  });

  it.each(['msg_1', 'msg_1.b64_%', '%00'])('knows no message %s, which names no run', async (id) => {
    expect(await ask('GET', `/v2/messages/${id}`)).toEqual([404, refused('UNKNOWN_MESSAGE')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe('DELETE /v2/messages (13.2)', () => {
  it('cancels one', async () => {
    onlyKnown('msg_1.wfr_1');
    expect(await ask('DELETE', '/v2/messages/msg_1.wfr_1')).toEqual([200, { cancelled: 1 }]);
    expect(await ask('DELETE', '/v2/messages/msg_2.wfr_1')).toEqual([404, refused('UNKNOWN_MESSAGE')]);
    expect(await ask('DELETE', '/v2/messages/msg_2')).toEqual([404, refused('UNKNOWN_MESSAGE')]);
  });

  it.each([
    ['?messageIds=msg_1.wfr_1&messageIds=msg_2.wfr_1&messageIds=msg_3', undefined],
    ['?messageIds=msg_1.wfr_1,msg_2.wfr_1', undefined],
    ['', '{"messageIds":["msg_1.wfr_1","msg_2.wfr_1","msg_1.wfr_1"]}'],
  ])('cancels several, and counts those that were there: %j %j', async (query, body) => {
    onlyKnown('msg_1.wfr_1');
    expect(await ask('DELETE', `/v2/messages${query}`, body)).toEqual([200, { cancelled: 1 }]);
    expect(gateway.bus.asked).toHaveLength(2);
  });

  it.each(['', '?count=100', '?label=x', '?callerIP=1'])('cannot cancel by %j yet', async (query) => {
    expect(await ask('DELETE', `/v2/messages${query}`)).toEqual([501, refused('NOT_SUPPORTED')]);
  });

  it.each(['?labeel=x', '?messageIds=', '?messageIds=msg_1.wfr_1&x=y'])('refuses %s', async (query) => {
    expect(await ask('DELETE', `/v2/messages${query}`)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});
