import { asks, message } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { CREATED_AT, startGateway } from '../testing';

const BYTES = 1024 * 1024;

describe('the memory for bodies', () => {
  let gateway: GatewayUnderTest;
  let letGo: () => void;
  beforeEach(async () => {
    gateway = await startGateway({ patienceMs: 300, bodyMemoryBytes: BYTES });
    const held = new Promise<void>((resolve) => (letGo = resolve));
    gateway.bus.answer(asks.Submit, async ({ message: { head } }) => {
      await held;
      const items = head.items.map(({ messageId }) => ({ messageId, deduplicated: false }));
      return message({ runCreatedAt: CREATED_AT, items });
    });
  });
  afterEach(() => gateway.close());

  const publish = (runId: string, sizeBytes: number): Promise<Response> =>
    gateway.request('/v2/publish/http://a/', {
      method: 'POST',
      headers: { 'upstash-workflow-runid': runId, 'upstash-workflow-init': 'true' },
      body: 'x'.repeat(sizeBytes),
    });
  const asked = async (count: number): Promise<void> => {
    while (gateway.bus.recorded(asks.Submit).length < count) await new Promise((resolve) => setImmediate(resolve));
  };

  it('makes large bodies wait unread, and tells who waited too long to come again', async () => {
    letGo();
    let finish = (): void => undefined;
    // Of a length that nobody knows yet: it takes all there is.
    const endless = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(1_000));
        finish = () => {
          controller.close();
        };
      },
    });
    const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit;
    const headers = { 'upstash-workflow-runid': 'first', 'upstash-workflow-init': 'true' };
    const first = gateway.request('/v2/publish/http://a/', { ...init, headers });
    await publish('small', 1_000);
    const refused = await publish('second', BYTES * 0.7);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(gateway.bus.recorded(asks.Submit)).toHaveLength(1);
    finish();
    expect((await first).status).toBe(200);
    expect((await publish('second', BYTES * 0.7)).status).toBe(200);
  });

  it('takes a body when another has left, and a small one meanwhile', async () => {
    const first = publish('first', BYTES * 0.7);
    await asked(1);
    const second = publish('second', BYTES * 0.7);
    const small = publish('small', 1_000);
    await asked(2);
    letGo();
    expect((await Promise.all([first, second, small])).map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});
