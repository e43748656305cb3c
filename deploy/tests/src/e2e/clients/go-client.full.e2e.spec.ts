import { randomUUID } from 'node:crypto';
import { useBench } from '../conformance/bench';
import { TOPOLOGIES } from '../stepwell-under-test';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import { goProgram, runGo } from './go-program';

/* The client for Go by its own code, as far as the module can be had here; its wire alone is in go-wire.suite.ts, in every run. */

const program = goProgram();
if ('missing' in program) process.stdout.write(`the client for Go is left out: ${program.missing}\n`);
const path = 'path' in program ? program.path : '';
afterAll(() => {
  if ('path' in program) program.remove();
});

interface Listed {
  readonly runs: readonly { readonly workflowRunId: string; readonly workflowState: string }[] | null;
  readonly cursor: string;
}

const napping: Workflow = async (context) => context.sleep('nap', '1d');

(path === '' ? describe.skip : describe).each(TOPOLOGIES)('the client for Go, on %s process(es)', (topology) => {
  const bench = useBench(topology);
  const go = <Answer>(...args: string[]): Promise<Answer> => runGo<Answer>(path, bench.stepwell.url, args);
  const urlOf = (workflow: Workflow): string => `${bench.app.url}/${bench.app.addOnce(workflow)}`;
  const trigger = async (url: string): Promise<string> => (await go<{ runId: string }>('trigger', url)).runId;
  const cancel = async (...args: string[]): Promise<number> => (await go<{ count: number }>(...args)).count;

  it('starts runs, with everything it can say of them', async () => {
    const url = urlOf(async (context) => {
      const payload = await context.run('payload', () => context.requestPayload as unknown);
      return context.run('header', () => ({ payload, header: context.headers.get('x-mine') }));
    });
    const runId = `wfr_${randomUUID()}`;
    expect(await go('trigger-with-everything', url, runId, '{"a":1}')).toEqual({ runId });
    const log = await bench.app.ended(runId);
    expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({ payload: { a: 1 }, header: 'yes' });
    const { runs } = await go<Listed>('logs', `run=${runId}`);
    expect(runs).toMatchObject([{ workflowRunId: runId, workflowState: 'RUN_SUCCESS', steps: expect.any(Array) }]);
  });

  it('sees who waits, and notifies', async () => {
    const eventId = randomUUID();
    const runId = await trigger(urlOf(async (context) => context.waitForEvent('wait', eventId, { timeout: '1m' })));
    const waiters = () => go<unknown[]>('waiters', eventId);
    await until('it waits', async () => (await waiters()).length === 1);
    expect(await go<object[]>('notify', eventId, '{"from":"go"}')).toMatchObject([
      { Waiter: { headers: { 'Upstash-Workflow-Runid': [runId] } }, Error: null },
    ]);
    const log = await bench.app.ended(runId);
    expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({ timeout: false, eventData: { from: 'go' } });
  });

  it('cancels one, some, by the beginning of a URL, and all', async () => {
    const url = urlOf(napping);
    const one = await trigger(url);
    const two = await trigger(url);
    const three = await trigger(url);
    await trigger(url);
    expect(await go('cancel', one)).toEqual({ count: 1, error: '' });
    expect(await go('cancel', one)).toEqual({ count: 0, error: expect.stringContaining(one) });
    expect(await cancel('cancel-many', one, two, three)).toBe(2);
    expect(await cancel('cancel-by-url', url)).toBe(1);
    const last = await trigger(url);
    expect(await cancel('cancel-all')).toBeGreaterThanOrEqual(1);
    expect((await bench.app.ended(last)).workflowState).toBe('RUN_CANCELED');
  });

  it('reads logs page by page, and by state', async () => {
    const url = urlOf(async (context) => context.run('one', () => 'done'));
    const runIds = [await trigger(url), await trigger(url), await trigger(url)];
    for (const runId of runIds) await bench.app.ended(runId);
    const idsOf = ({ runs }: Listed): string[] => (runs ?? []).map(({ workflowRunId }) => workflowRunId);
    await until('all are listed', async () => idsOf(await go<Listed>('logs', `url=${url}`)).length === 3);
    const first = await go<Listed>('logs', `url=${url}`, 'count=2', 'state=RUN_SUCCESS');
    const second = await go<Listed>('logs', `url=${url}`, `cursor=${first.cursor}`);
    expect([...idsOf(first), ...idsOf(second)].sort()).toEqual([...runIds].sort());
    expect(idsOf(await go<Listed>('logs', `url=${url}`, 'state=RUN_FAILED'))).toEqual([]);
  });
});
