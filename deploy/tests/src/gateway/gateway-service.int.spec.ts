import { asks, message, partitionOf, runStream } from '@stepwell/core';
import type { SubmitRequest } from '@stepwell/core';
import { DEV_CREDENTIALS, gatewayService, GatewayServiceConfig } from '@stepwell/gateway';
import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus } from '@stepwell/messaging';
import { configFrom, ServiceProcess } from '@stepwell/platform';
import { useNatsServer } from '@stepwell/testing';
import { Client } from '@upstash/workflow';

/* The gateway as the process it is, over a real nats-server; the other side of the bus is played by the test. */

const nats = useNatsServer();
let gateway: ServiceProcess<GatewayServiceConfig, { bus: NatsBus; close(): Promise<void> }>;
let runState: NatsBus;

beforeEach(async () => {
  const { servers: url, user, pass } = nats;
  // First: the others learn the epoch from the streams that run-state makes.
  runState = await connectNatsBus({ url, user, pass, name: 'run-state', epoch: 1 });
  gateway = new ServiceProcess(
    gatewayService,
    configFrom(GatewayServiceConfig, {
      dev: true,
      logLevel: 'silent',
      host: '127.0.0.1',
      port: 0,
      metricsHost: '127.0.0.1',
      metricsPort: 0,
      shutdownDelayMs: 0,
      natsUrls: [url],
      natsUser: user,
      natsPassword: pass,
    }),
  );
  await gateway.start();
});
afterEach(async () => {
  await gateway.stop();
  await runState.close();
});

const answerSubmits = (): Promise<void> =>
  runState.answerAsks(
    'run-state',
    new Map([
      [
        asks.Submit.name,
        ({ head }) => {
          const { items } = head as SubmitRequest;
          const answers = items.map(({ messageId }) => ({ messageId, deduplicated: false }));
          return Promise.resolve(message<unknown>({ runCreatedAt: 5, items: answers }));
        },
      ],
    ]),
  );

it('is ready, and brings a trigger to the owner of its run and back, also to one that comes late', async () => {
  const ready = await fetch(`http://127.0.0.1:${gateway.probePort ?? 0}/health/ready`);
  expect(ready.status).toBe(200);

  const client = new Client({
    baseUrl: `http://127.0.0.1:${gateway.httpPort ?? 0}`,
    token: DEV_CREDENTIALS.tokens[0] ?? '',
  });
  const triggered = client.trigger({ url: 'http://app/', workflowRunId: 'late', body: 'x'.repeat(3_000_000) });
  await answerSubmits();
  await runState.serve('run-state', new Set([partitionOf(runStream('wfr_late'))]));
  expect(await triggered).toEqual({ workflowRunId: 'wfr_late' });
});

it('says what it did in its metrics', async () => {
  await fetch(`http://127.0.0.1:${gateway.httpPort ?? 0}/v2/keys`);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.probePort ?? 0}/metrics`)).text();
  expect(metrics).toContain(
    'stepwell_gateway_requests_total{route="/v2/keys",method="GET",status="401",service="gateway"} 1',
  );
});
