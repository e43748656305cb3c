import type { LookupAddress } from 'node:dns';
import { SystemClock } from '@stepwell/platform';
import { Endpoint, answering } from '../testing/endpoint';
import type { DestinationPolicyOptions, Verdict } from './destination.policy';
import { DestinationPolicy } from './destination.policy';
import { blockReason } from './attempt.failure';
import type { ExchangeEnd } from './http.exchange';
import { HttpClient } from './http.client';

type Names = Record<string, readonly (readonly string[])[]>;

const PUBLIC_ONLY: DestinationPolicyOptions = { allowPrivate: false, allow: [] };

describe('the guarded connector', () => {
  let app: Endpoint;
  const clients: HttpClient[] = [];

  /** @param names what a name resolves to, first time, second time, … */
  const clientFor = (options: DestinationPolicyOptions | DestinationPolicy, names: Names = {}): HttpClient => {
    const asked = new Map<string, number>();
    const client = new HttpClient({
      connectionsPerOrigin: 1,
      connectTimeoutMs: 1_000,
      policy: options instanceof DestinationPolicy ? options : new DestinationPolicy(options),
      clock: new SystemClock(),
      resolve: (hostname) => {
        const time = asked.get(hostname) ?? 0;
        asked.set(hostname, time + 1);
        const answers = names[hostname] ?? [];
        const addresses = answers[Math.min(time, answers.length - 1)] ?? [];
        return Promise.resolve(
          addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      },
    });
    clients.push(client);
    return client;
  };
  const get = (client: HttpClient, host: string): Promise<ExchangeEnd> =>
    client.send({
      url: new URL(`http://${host}:${app.port}/`),
      method: 'GET',
      headers: [],
      body: { pieces: [], sizeBytes: 0 },
      timeoutMs: 3_000,
      answer: () => ({ keeps: true, maxBodyBytes: 100, over: 'cut' }),
    });

  beforeEach(async () => {
    app = await Endpoint.start(answering(200));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((each) => each.destroy()));
    await app.stop();
  });

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.0.0.1.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '0.0.0.0',
    '0',
    '[::]',
    '%31%32%37.0.0.1',
    '１２７.0.0.1',
  ])('sends nothing to %s (rule 1)', async (host) => {
    const end = await get(clientFor(PUBLIC_ONLY), host);
    expect(end.attempt.error?.code).toBe('DESTINATION_BLOCKED');
    expect(blockReason(end.cause)).toMatch(/^(loopback|reserved)$/);
    expect(app.connections).toBe(0);
  });

  it.each([
    '169.254.169.254',
    '[fd00:ec2::254]',
    '[::ffff:a9fe:a9fe]',
    '0xa9fea9fe',
    '2852039166',
    '[fe80::1]',
    '0.0.0.0',
  ])('sends nothing to %s even where private addresses are allowed', async (host) => {
    const end = await get(clientFor({ allowPrivate: true, allow: [] }), host);
    expect(end.attempt.error?.code).toBe('DESTINATION_BLOCKED');
    expect(end.attempt.error?.message).toContain('STEPWELL_OUTBOUND_ALLOW');
  });

  it('reaches loopback where that is allowed, or named', async () => {
    expect((await get(clientFor({ allowPrivate: true, allow: [] }), '127.0.0.1')).attempt.status).toBe(200);
    expect((await get(clientFor({ allowPrivate: false, allow: ['127.0.0.0/8'] }), '127.1')).attempt.status).toBe(200);
    expect((await get(clientFor({ allowPrivate: false, allow: ['127.0.0.1'] }), '127.0.0.1')).attempt.status).toBe(200);
  });

  it('judges what a name resolves to', async () => {
    const names: Names = {
      'evil.example': [['127.0.0.1']],
      'meta.example': [['169.254.169.254']],
      'none.example': [[]],
    };
    const client = clientFor(PUBLIC_ONLY, names);
    expect(blockReason((await get(client, 'evil.example')).cause)).toBe('loopback');
    expect(blockReason((await get(client, 'meta.example')).cause)).toBe('metadata');
    expect((await get(client, 'none.example')).attempt.error?.code).toBe('CONNECTION_FAILED');
    expect(app.connections).toBe(0);
  });

  it('connects only to the addresses of a name that pass', async () => {
    const names: Names = { 'mixed.example': [['169.254.169.254', '127.0.0.1']] };
    const end = await get(clientFor({ allowPrivate: true, allow: [] }, names), 'mixed.example');
    expect(end.attempt.status).toBe(200);
  });

  it('is not fooled by a name that resolves differently the next time (rule 2)', async () => {
    const names: Names = { 'rebind.example': [['192.0.2.1'], ['127.0.0.1'], ['127.0.0.1']] };
    const client = clientFor({ allowPrivate: false, allow: ['192.0.2.0/24'] }, names);
    const first = await get(client, 'rebind.example');
    expect(first.attempt.status).toBeUndefined();
    const second = await get(client, 'rebind.example');
    expect(blockReason(second.cause)).toBe('loopback');
    expect(app.connections).toBe(0);
  });

  it('writes nothing to a peer that turns out to be a forbidden one (rule 3)', async () => {
    class ChangesItsMind extends DestinationPolicy {
      private judged = 0;
      override judge(address: string): Verdict {
        this.judged += 1;
        return this.judged === 1 ? { allowed: true } : super.judge(address);
      }
    }
    const end = await get(clientFor(new ChangesItsMind(PUBLIC_ONLY)), '127.0.0.1');
    expect(blockReason(end.cause)).toBe('loopback');
    expect(app.connections).toBe(1);
    expect(app.seen).toEqual([]);
  });

  it('trusts a named host wherever it leads, and only that host', async () => {
    const names: Names = { 'app.internal': [['127.0.0.1']], 'other.internal': [['127.0.0.1']] };
    const client = clientFor({ allowPrivate: false, allow: ['app.internal'] }, names);
    expect((await get(client, 'app.internal')).attempt.status).toBe(200);
    expect(blockReason((await get(client, 'other.internal')).cause)).toBe('loopback');
  });
});
