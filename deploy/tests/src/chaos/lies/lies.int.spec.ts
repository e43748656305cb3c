import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../e2e/until';
import { LyingEndpoint } from './lying-endpoint';
import { ANOTHER_RESULT, StubbornGateway } from './stubborn-gateway';

/* What the liars of the chaos do to whoever stands behind them. */

const came: { url: string; body: string }[] = [];
const behind = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    came.push({ url: request.url ?? '', body });
    response.writeHead(201, { 'x-own': 'yes' }).end('the truth');
  });
});
const port = (): number => (behind.address() as AddressInfo).port;

beforeAll(() => new Promise<void>((listening) => behind.listen(0, '127.0.0.1', listening)));
afterAll(() => new Promise((closed) => behind.close(closed)));
beforeEach(() => came.splice(0));

const delivery = {
  method: 'POST',
  body: 'x',
  headers: { 'upstash-workflow-runid': 'wfr_1', 'upstash-message-id': 'm' },
};

describe('an endpoint that lies', () => {
  it('says the truth when it does not', async () => {
    const honest = new LyingEndpoint({ appPort: port, random: () => 0.5, probability: 0 });
    await honest.start();
    const answer = await fetch(`${honest.url}/a`, delivery);
    expect([answer.status, answer.headers.get('x-own'), await answer.text()]).toEqual([201, 'yes', 'the truth']);
    expect(came).toEqual([{ url: '/a', body: 'x' }]);
    await honest.stop();
  });

  it.each([
    [0, 'says 200 and does nothing', 200, 0],
    [0.2, 'says something else', 200, 0],
    [0.4, 'says that it failed', 422, 0],
    [0.7, 'says 200 before it is through', 200, 1],
    [0.9, 'does everything twice', 201, 2],
  ] as const)('of %p %s', async (dice, lie, status, times) => {
    const liar = new LyingEndpoint({ appPort: port, random: () => dice, probability: 1 });
    await liar.start();
    expect((await fetch(`${liar.url}/a`, delivery)).status).toBe(status);
    await until('the app has heard of it', () => came.length >= times);
    await liar.stop();
    expect(liar.told).toMatchObject([{ lie, runId: 'wfr_1', messageId: 'm' }]);
    expect(came).toHaveLength(times);
  });

  it('breaks off in its answer', async () => {
    const liar = new LyingEndpoint({ appPort: port, random: () => 0.5, probability: 1 });
    await liar.start();
    await expect(fetch(`${liar.url}/a`, delivery).then((answer) => answer.text())).rejects.toThrow();
    await liar.stop();
    expect(came).toHaveLength(1);
  });
});

describe('an app that submits again', () => {
  const step = { stepId: 1, stepName: 'one', out: '"mine"' };
  const submission = JSON.stringify([{ headers: { 'upstash-workflow-init': 'false' }, body: JSON.stringify(step) }]);
  const submit = async (dice: number, body: string): Promise<string[]> => {
    const again = new StubbornGateway({ gatewayPort: port(), random: () => dice, probability: 1 });
    await again.start();
    expect(await (await fetch(`${again.url}/v2/batch`, { method: 'POST', body })).text()).toBe('the truth');
    await again.stop();
    return came.map((each) => each.body);
  };

  it('says the same', async () => {
    expect(await submit(0.6, submission)).toEqual([submission, submission]);
  });

  it('or has another result', async () => {
    const [first, second = ''] = await submit(0.4, submission);
    expect(first).toBe(submission);
    const [item] = JSON.parse(second) as { body: string }[];
    expect(JSON.parse(item?.body ?? '')).toEqual({ ...step, out: JSON.stringify(ANOTHER_RESULT) });
  });

  it('starts nothing twice', async () => {
    const start = JSON.stringify([{ headers: { 'upstash-workflow-init': 'true' }, body: '' }]);
    expect(await submit(0.6, start)).toEqual([start]);
  });
});
