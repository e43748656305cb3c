import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Rest } from '../e2e/conformance/rest';
import { DEV, StepwellUnderTest, TOPOLOGIES } from '../e2e/stepwell-under-test';
import { inStore } from '../e2e/stopped-store';
import { until } from '../e2e/until';
import type { Steps } from './reference-endpoint';
import { referenceEndpoint } from './reference-endpoint';

/* The native protocol on real servers: an endpoint that answers with what it submits, and what the log then holds. */

interface Logged {
  readonly workflowState: string;
  readonly workflowRunResponse?: string;
}

const [RUN, PLAN, END] = ['StepRecorded', 'StepPlanned', 'RunFinished'];

describe.each(TOPOLOGIES)('an endpoint of the native protocol, %s', (topology) => {
  const stepwell = new StepwellUnderTest(topology);
  const rest = new Rest(() => stepwell.url);
  const servers: Server[] = [];

  beforeAll(() => stepwell.start(), 180_000);
  afterAll(async () => {
    for (const server of servers) server.close().closeAllConnections();
    await stepwell.remove();
  }, 60_000);

  async function listening(server: Server): Promise<string> {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/workflow`;
  }

  /** A run's result is the list of its steps'. */
  const endpointOf = (steps: Steps): Server =>
    referenceEndpoint(() => ({ steps, result: (results) => results }), { url: stepwell.url, token: DEV.token });

  /** Serves the steps, and notes the headers of every delivery. */
  async function serve(steps: Steps): Promise<{ readonly url: string; readonly seen: IncomingHttpHeaders[] }> {
    const seen: IncomingHttpHeaders[] = [];
    const server = endpointOf(steps);
    server.prependListener('request', ({ headers }) => seen.push(headers));
    return { url: await listening(server), seen };
  }

  async function trigger(url: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await rest.post(`/v2/trigger/${url}`, { body: '{}', headers });
    expect(answer.status).toBe(200);
    return (answer.json as { workflowRunId: string }).workflowRunId;
  }

  async function ended(runId: string): Promise<Logged & { readonly result: unknown }> {
    let run: Logged | undefined;
    await until(`${runId} has ended`, async () => {
      const { json } = await rest.get(`/v2/workflows/logs?workflowRunId=${runId}`);
      [run] = (json as { runs: Logged[] }).runs;
      return run !== undefined && run.workflowState !== 'RUN_STARTED';
    });
    return { ...run!, result: JSON.parse(run?.workflowRunResponse ?? 'null') as unknown };
  }

  /** What the run's log holds: the types of its events, one list a write. */
  function writesOf(runId: string): Promise<string[][]> {
    return inStore(stepwell.mongoUrl, async (connection) => {
      const log = connection.collection<{ events: readonly { readonly type: string }[] }>('log');
      const documents = await log
        .find({ stream: `run-${runId}` })
        .sort({ version: 1 })
        .toArray();
      return documents.map(({ events }) => events.map(({ type }) => type));
    });
  }

  it('runs n steps in n deliveries and n + 1 writes', async () => {
    const { url, seen } = await serve(
      ['a', 'b', 'c'].map((name) => ({ name, run: (results) => `${name}${results.length}` })),
    );
    const runId = await trigger(url);
    expect(await ended(runId)).toMatchObject({ workflowState: 'RUN_SUCCESS', result: ['a0', 'b1', 'c2'] });
    expect(await writesOf(runId)).toEqual([['RunStarted'], [RUN], [RUN], [RUN, END]]);
    expect(seen.map((headers) => headers['stepwell-steps'])).toEqual(['inline', 'inline', 'inline']);
  });

  it('sleeps, no shorter than it said', async () => {
    const times: number[] = [];
    const note = (): number => times.push(Date.now());
    const { url } = await serve([
      { name: 'before', run: note },
      { name: 'sleep', sleep: { 'upstash-delay': '1s' } },
      { name: 'after', run: note },
    ]);
    const runId = await trigger(url);
    expect(await ended(runId)).toMatchObject({ workflowState: 'RUN_SUCCESS', result: [1, null, 2] });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('calls a third party, alone and beside other steps; its callback announces nothing', async () => {
    const thirdParty = await listening(createServer((_request, response) => response.end('{"paid":true}')));
    const call = { name: 'call', call: thirdParty };
    const branches = [
      call,
      { name: 'run', run: () => 'ran' },
      { name: 'sleep', sleep: { 'upstash-delay': '1s' } },
      call,
    ];
    const { url, seen } = await serve([call, branches, { name: 'last', run: (results) => results.length }]);
    const runId = await trigger(url);
    const paid = { paid: true };
    expect(await ended(runId)).toMatchObject({
      workflowState: 'RUN_SUCCESS',
      result: [paid, paid, 'ran', null, paid, 5],
    });
    const announced = (isCallback: boolean) =>
      seen.filter((headers) => (headers['upstash-workflow-steptype'] === 'Call') === isCallback);
    expect(new Set(announced(false).map((headers) => headers['stepwell-steps']))).toEqual(new Set(['inline']));
    expect(announced(true).map((headers) => headers['stepwell-steps'])).toEqual([undefined, undefined, undefined]);
    const writes = await writesOf(runId);
    expect(writes).toContainEqual([PLAN, PLAN, PLAN, PLAN]);
    expect(writes.at(-1)).toEqual([RUN, END]);
  });

  it('is sent what is new of a history that it keeps, and the whole once when it has lost it', async () => {
    const runs: string[] = [];
    const names = Array.from({ length: 200 }, (_, index) => `step${index + 100}`);
    const program = names.map((name) => ({ name, run: () => (runs.push(name), name) }));
    let instance = endpointOf(program);
    const seen: IncomingHttpHeaders[] = [];
    const url = await listening(
      createServer((request, response) => {
        if (seen.push(request.headers) === 101) instance = endpointOf(program);
        instance.emit('request', request, response);
      }),
    );
    const runId = await trigger(url);
    expect(await ended(runId)).toMatchObject({ workflowState: 'RUN_SUCCESS', result: names });
    expect(runs).toEqual(names);
    expect((await writesOf(runId)).flat()).toEqual(['RunStarted', ...names.map(() => RUN), END]);
    // The 101st request is refused; the 102nd is of the same attempt.
    expect(seen).toHaveLength(201);
    expect(seen[101]?.['upstash-message-id']).toBe(seen[100]?.['upstash-message-id']);
    expect(new Set(seen.map((headers) => headers['upstash-retried']))).toEqual(new Set(['0']));
    const bytes = seen.map((headers) => Number(headers['content-length']));
    const [whole = 0] = bytes.splice(101, 1);
    expect(whole).toBeGreaterThan(10_000);
    expect(Math.max(...bytes)).toBeLessThan(500);
    expect(Math.max(...bytes.slice(-50)) - Math.min(...bytes.slice(20, 70))).toBeLessThan(10);
  });

  it('is asked again when its answer can’t be taken, and nothing of that is recorded', async () => {
    const right = endpointOf([{ name: 'only', run: () => 'done' }]);
    const answers = ['ok', '{"submissions":[{"destination":"there"}]}', '{"submissions":[]}'];
    const flaky = createServer((request, response) => {
      const wrong = answers.shift();
      if (wrong !== undefined) response.writeHead(200, { 'stepwell-steps': 'inline' }).end(wrong);
      else right.emit('request', request, response);
    });
    const runId = await trigger(await listening(flaky), { 'upstash-retry-delay': '10' });
    expect(await ended(runId)).toMatchObject({ workflowState: 'RUN_SUCCESS', result: ['done'] });
    const failed = ['AttemptFailed', 'AttemptDue'];
    expect((await writesOf(runId)).flat()).toEqual(['RunStarted', ...failed, ...failed, ...failed, RUN, END]);
  });

  it('does every step once when whoever records is killed', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
    const { url } = await serve(names.map((name) => ({ name, run: async () => (await delay(20), name) })));
    const runId = await trigger(url);
    await until('it is under way', async () => (await writesOf(runId)).length > 10);
    stepwell.kill(topology === 'one' ? 'engine' : 'run-state');
    await until('somebody answers again', () =>
      rest.get('/v2/liveness').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    expect(await ended(runId)).toMatchObject({ workflowState: 'RUN_SUCCESS', result: names });
    expect((await writesOf(runId)).flat().filter((type) => type === RUN)).toHaveLength(names.length);
  }, 120_000);
});
