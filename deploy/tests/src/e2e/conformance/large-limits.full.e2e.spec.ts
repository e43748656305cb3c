import { createHash } from 'node:crypto';
import type { Topology } from '../stepwell-under-test';
import { useBench } from './bench';
import { digesting, patterned } from './limits.suite';

const MB = 1_000_000;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/*
 * A server that was told to take bodies of a hundred megabytes takes them (protocol.md section 15). Between processes a body goes in
 * parts, at the pace of NATS. On a busy machine reading such a history may take longer than a client is held on for; then it comes again,
 * which costs no retry and is no fault.
 */
describe.each<[Topology, number]>([
  ['one', 90],
  ['five', 90],
])('a server with a limit of 100 MB, on %s process(es)', (topology, megabytes) => {
  const bench = useBench(topology, { STEPWELL_GATEWAY_BODY_LIMIT: '100mb' });

  it(`takes a payload of ${megabytes} MB, and gives it to the workflow whole`, async () => {
    const payload = patterned(megabytes * MB);
    bench.thirdParty.answersAt('/small', { headers: { 'content-type': 'text/plain' }, body: 'small' });
    const runId = await bench.app.begin(
      digesting(() => `${bench.thirdParty.url}/small`, 1_000),
      { body: payload, retryDelay: '1000' },
    );
    const log = await bench.app.ended(runId, 240_000);
    expect(JSON.parse(log.workflowRunResponse ?? 'null')).toEqual({
      payload: digest(payload),
      step: digest(patterned(1_000)),
      call: digest('small'),
    });
    expect(bench.app.journal(runId).calls).toBeGreaterThanOrEqual(4);
    expect(Object.fromEntries(bench.app.journal(runId).executions)).toEqual({ large: 1 });
  }, 300_000);

  it('takes no more', async () => {
    const workflow = bench.app.begin(async (context) => context.run('one', () => 1), { body: patterned(110 * MB) });
    await expect(workflow).rejects.toMatchObject({ status: 413 });
  }, 60_000);
});
