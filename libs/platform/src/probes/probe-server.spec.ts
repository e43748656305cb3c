import { Counter, Registry } from 'prom-client';
import { HealthRegistry } from '../health-registry';
import { ProbeServer } from './probe-server';

const CHECK_TIMEOUT_MS = 30;

describe('ProbeServer', () => {
  let health: HealthRegistry;
  let metrics: Registry;
  let lagMs: number;
  let server: ProbeServer;
  let origin: string;

  beforeEach(async () => {
    health = new HealthRegistry();
    metrics = new Registry();
    lagMs = 0;
    server = new ProbeServer(health, metrics, CHECK_TIMEOUT_MS, () => lagMs);
    origin = `http://127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
  });
  afterEach(() => server.close());

  const get = async (path: string) => {
    const response = await fetch(origin + path);
    const text = await response.text();
    return { status: response.status, text, json: (): unknown => JSON.parse(text) };
  };

  it('is live whatever its dependencies do, until its own event loop is stuck', async () => {
    health.addReadiness('mongodb', () => false);
    expect((await get('/health/live')).status).toBe(200);
    lagMs = 4_999;
    expect((await get('/health/live')).status).toBe(200);
    lagMs = 5_000;
    const answer = await get('/health/live');
    expect([answer.status, answer.json()]).toEqual([503, { status: 'stuck', eventLoopLagMs: 5_000 }]);
  });

  it('says what a start waits for', async () => {
    server.startingWith('nats');
    for (const path of ['/health/startup', '/health/ready']) {
      const answer = await get(path);
      expect([answer.status, answer.json()]).toEqual([503, { status: 'waiting for nats', checks: {} }]);
    }
    server.started();
    expect((await get('/health/startup')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(200);
  });

  it('waits for the startup checks', async () => {
    let provisioned = false;
    health.addStartup('streams', () => provisioned || 'not provisioned');
    server.started();
    expect((await get('/health/startup')).json()).toEqual({
      status: 'starting',
      checks: { streams: { ok: false, detail: 'not provisioned' } },
    });
    provisioned = true;
    expect((await get('/health/startup')).status).toBe(200);
  });

  it('names every dependency that fails, throws or hangs', async () => {
    server.started();
    health.addReadiness('good', () => true);
    health.addReadiness('bad', () => Promise.resolve(false));
    health.addReadiness('thrown', () => {
      throw new Error('refused');
    });
    health.addReadiness('hanging', () => new Promise<boolean>(() => undefined));
    const answer = await get('/health/ready');
    expect(answer.status).toBe(503);
    expect(answer.json()).toEqual({
      status: 'not ready',
      checks: {
        good: { ok: true },
        bad: { ok: false },
        thrown: { ok: false, detail: 'refused' },
        hanging: { ok: false, detail: `no answer within ${CHECK_TIMEOUT_MS} ms` },
      },
    });
  });

  it('is not ready once it drains, but lives', async () => {
    server.started();
    server.draining();
    expect(await get('/health/ready')).toMatchObject({ status: 503, text: '{"status":"draining","checks":{}}' });
    expect((await get('/health/live')).status).toBe(200);
  });

  it('serves the metrics', async () => {
    new Counter({ name: 'stepwell_example_total', help: 'x', registers: [metrics] }).inc(3);
    expect((await get('/metrics')).text).toContain('stepwell_example_total 3');
  });

  it('knows no other path', async () => {
    expect((await get('/')).status).toBe(404);
  });

  it('says when its port is taken', async () => {
    const second = new ProbeServer(health, metrics);
    await expect(second.listen('127.0.0.1', Number(new URL(origin).port))).rejects.toThrow('EADDRINUSE');
    await second.close();
  });
});
