import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiReference } from '@stepwell/gateway/testing';
import fc from 'fast-check';
import type { FuzzTargets } from './fuzz/requests';
import { FuzzRequests } from './fuzz/requests';
import type { RawAnswer, RawRequest } from './fuzz/raw-exchange';
import { exchange, hangUp } from './fuzz/raw-exchange';
import { seedOfThisRun } from './random';
import { DEV, isAlive, StepwellUnderTest } from './stepwell-under-test';
import { until } from './until';
import { WorkflowApp } from './workflow-app';
import { calling, onboarding, parallel, sequential, sleeping } from './workflows';

/*
 * Whatever is sent to a whole Stepwell, made from the reference of its API and beyond it, while a user's workflows run beside it:
 *
 * 1. no fault, and nobody is told that the server is away;
 * 2. every answer is as the reference says;
 * 3. no process dies or logs an error;
 * 4. what was accepted is there, and the workflows end as ever.
 */

interface AcceptedItem {
  readonly messageId: string;
  readonly workflowRunId: string;
}

const FUZZ_MS = 20_000;
const AT_A_TIME = 12;
/** Of each kind: some requests take one away. */
const TARGETS = 25;
const BODY_LIMIT = 1024 * 1024;
const seed = seedOfThisRun();

const stepwell = new StepwellUnderTest('one', {
  STEPWELL_LOG_LEVEL: 'info',
  STEPWELL_LOG_FORMAT: 'json',
  STEPWELL_GATEWAY_BODY_LIMIT: String(BODY_LIMIT),
});
const reference = new ApiReference();
/** Answers everything, but is no workflow endpoint. */
const stranger = createServer((request, response) => {
  request.resume().on('end', () => response.end('what?'));
});
let app: WorkflowApp;
let port = 0;
let engine = 0;

beforeAll(async () => {
  // What strangers send also reaches the user's app, whose client library says on the console what it thinks of it.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  await stepwell.start();
  port = Number(new URL(stepwell.url).port);
  engine = stepwell.processes()['engine'] ?? 0;
  await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
  app = new WorkflowApp({ engineUrl: stepwell.url });
  for (const [name, workflow] of Object.entries(WORKFLOWS)) app.add(name, workflow);
  await app.start();
}, 180_000);

afterAll(async () => {
  stranger.close();
  stranger.closeAllConnections();
  await app.stop();
  await stepwell.remove();
}, 60_000);

const WORKFLOWS = { sequential: sequential(4), parallel: parallel(3), sleeping, calling, onboarding };

/** Sends it, and says what is wrong with the answer. */
async function wrongWith(request: RawRequest): Promise<string[]> {
  const answer = await exchange(port, request);
  if (answer === undefined) return [`no answer\n${shown(request)}`];
  accepted.note(answer);
  return faultsOf(request, answer).map((fault) => `${fault}\n${shown(request)}`);
}

const shown = ({ method, target, headers, body }: RawRequest): string =>
  `${method} ${target}\n${headers.map((pair) => pair.join(': ')).join('\n')}\n\n${body.toString('latin1').slice(0, 500)}`;

function faultsOf(request: RawRequest, answer: RawAnswer): string[] {
  // A target ends with the first space.
  const [target = ''] = Buffer.from(request.target, 'latin1').toString().split(' ', 1);
  const isFault = answer.status >= 500 && answer.status !== 501;
  return [
    ...(isFault ? [`${answer.status} ${answer.body.slice(0, 500)}`] : []),
    ...reference.faultsOf({ method: request.method, target, ...answer }),
  ];
}

/** Runs that the server said it had. */
const accepted = {
  runIds: new Set<string>(),
  note({ status, body }: RawAnswer): void {
    if (status >= 300) return;
    for (const [, runId] of body.matchAll(/"workflowRunId":("(?:[^"\\]|\\.)*"),"workflowCreatedAt"/g)) {
      this.runIds.add(JSON.parse(runId ?? '""') as string);
    }
  },
};

it(`stands whatever is sent to it, while workflows run (seed ${seed})`, async () => {
  const requests = new FuzzRequests(reference, await targets()).any;
  let fuzzing = true;
  const workflows = runWorkflows(() => fuzzing);
  await fc
    .assert(
      fc.asyncProperty(fc.array(requests, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (sent) => {
        const wrong = await Promise.all(sent.map(wrongWith));
        expect(wrong.flat()).toEqual([]);
      }),
      { seed, numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false },
    )
    .finally(() => {
      fuzzing = false;
      return workflows;
    });
  const runs = await workflows;
  expect(runs.size).toBeGreaterThanOrEqual(Object.keys(WORKFLOWS).length);
  for (const log of await app.allEnded([...runs.keys()], 60_000)) {
    expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS' });
    expect(app.journal(log.workflowRunId).repeated).toEqual([]);
    const name = runs.get(log.workflowRunId);
    if (name === 'sequential') expect(log.workflowRunResponse).toBe('10');
    if (name === 'parallel') expect(log.workflowRunResponse).toBe('3');
  }
}, 180_000);

/** What there is to be asked about: failed runs, messages that wait. */
async function targets(): Promise<FuzzTargets> {
  const strangers = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/api`;
  const each = Array.from({ length: TARGETS });
  const failed = await Promise.all(each.map(() => start(strangers, {})));
  const waiting = await Promise.all(each.map(() => start(strangers, { 'upstash-delay': '1h' })));
  await app.allEnded(
    failed.map(({ workflowRunId }) => workflowRunId),
    60_000,
  );
  const { messages } = await app.client.dlq.list({ count: TARGETS });
  return {
    // Port 1 is where nobody is.
    urls: [strangers, `${app.url}/sequential`, 'http://127.0.0.1:1/'],
    messageIds: waiting.map(({ messageId }) => messageId),
    dlqIds: messages.map(({ dlqId }) => dlqId),
  };
}

async function start(url: string, more: Record<string, string>): Promise<AcceptedItem> {
  const headers = { 'upstash-workflow-init': 'true', 'upstash-feature-set': 'WF_DetectTrigger' };
  const answer = await fetch(`${stepwell.url}/v2/publish/${url}`, {
    method: 'POST',
    headers: {
      ...headers,
      ...more,
      'upstash-workflow-runid': `wfr_${randomUUID()}`,
      authorization: `Bearer ${DEV.token}`,
    },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as AcceptedItem;
}

/** One after the other of each kind, as long as it is wanted; by id what they are. */
async function runWorkflows(isWanted: () => boolean): Promise<Map<string, string>> {
  const runs = new Map<string, string>();
  do {
    const started = await Promise.all(
      Object.keys(WORKFLOWS).map(async (name): Promise<[string, string]> => [await app.trigger(name), name]),
    );
    for (const [runId, name] of started) runs.set(runId, name);
    const round = started.map(([runId]) => runId);
    const hasEnded = async (): Promise<boolean> => (await app.allEnded(round, 60_000)).length === round.length;
    await until('a round of workflows has ended, or is waited for no longer', async () => !isWanted() || hasEnded());
  } while (isWanted());
  return runs;
}

it.each([
  [-1, 200],
  [0, 200],
  [1, 413],
])('takes a body of its limit and %d bytes as it should', async (more, status) => {
  const request: RawRequest = {
    method: 'POST',
    target: `/v2/publish/${app.url}/sequential`,
    headers: [
      ['Authorization', `Bearer ${DEV.token}`],
      ['Upstash-Workflow-Init', 'true'],
      ['Upstash-Workflow-RunId', `wfr_fuzz_limit_${more}`],
      ['Upstash-Delay', '1h'],
    ],
    body: Buffer.alloc(BODY_LIMIT + more, 'x'),
  };
  const answer = await exchange(port, request);
  expect(answer?.status).toBe(status);
  expect(faultsOf(request, answer as RawAnswer)).toEqual([]);
});

it('forgets a client that goes away in the middle of its request', async () => {
  for (const length of [1, 5, 100]) {
    const cut = [['Authorization', `Bearer ${DEV.token}`] as const, ['Content-Length', String(10 * length)] as const];
    const target = `/v2/publish/${app.url}/sequential`;
    await Promise.all(
      ['/v2/batch', target].map((each) =>
        hangUp(port, { method: 'POST', target: each, headers: [...cut], body: Buffer.alloc(length, '[') }),
      ),
    );
  }
  expect(
    (await exchange(port, { method: 'GET', target: '/v2/liveness', headers: [], body: Buffer.alloc(0) }))?.status,
  ).toBe(200);
});

it('has everything that it accepted', async () => {
  expect(accepted.runIds.size).toBeGreaterThan(10);
  for (const runId of accepted.runIds) {
    const target = `/v2/workflows/logs?trimBody=true&workflowRunId=${encodeURIComponent(runId)}`;
    const answer = await fetch(stepwell.url + target, { headers: { authorization: `Bearer ${DEV.token}` } });
    const body = await answer.text();
    expect(reference.faultsOf({ method: 'GET', target, status: answer.status, body })).toEqual([]);
    expect((JSON.parse(body) as { runs: unknown[] }).runs).toHaveLength(1);
  }
}, 60_000);

it('has not died of it, and has logged no error', () => {
  expect(stepwell.processes()['engine']).toBe(engine);
  expect(isAlive(engine)).toBe(true);
  expect(stepwell.said.match(/^\{"level":"(error|fatal)".*|.*unhandled.*|.* ended .*$/gim)).toBeNull();
});
