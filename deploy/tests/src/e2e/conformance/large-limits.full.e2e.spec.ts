import { createHash } from 'node:crypto';
import type { Topology } from '../stepwell-under-test';
import { useBench } from './bench';
import { digesting, patterned } from './limits.suite';

const MB = 1_000_000;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/*
 * A server that was told to take bodies of a hundred megabytes takes them (protocol.md section 15). Between processes a body goes in
 * parts, all at once: as far as NATS keeps them for a reader that is busy (64 MB, unless it is configured otherwise).
 */
describe.each<[Topology, number]>([
  ['one', 90],
  ['five', 20],
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
    await bench.called(runId, 4);
  }, 300_000);

  it('takes no more', async () => {
    const workflow = bench.app.begin(async (context) => context.run('one', () => 1), { body: patterned(110 * MB) });
    await expect(workflow).rejects.toMatchObject({ status: 413 });
  }, 60_000);
});
