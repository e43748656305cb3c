import { useBench } from './bench';
import { digesting, patterned } from './limits.suite';
import { createHash } from 'node:crypto';

const MB = 1_000_000;

/* A server that was told to take bodies of a hundred megabytes takes them (protocol.md section 15). */
describe('a server with a limit of 100 MB', () => {
  const bench = useBench('five', { STEPWELL_GATEWAY_BODY_LIMIT: '100mb' });

  it('takes a payload of 90 MB, and delivers it whole', async () => {
    const payload = patterned(90 * MB);
    bench.thirdParty.answersAt('/small', { headers: { 'content-type': 'text/plain' }, body: 'small' });
    const runId = await bench.app.begin(
      digesting(() => `${bench.thirdParty.url}/small`, 1_000),
      { body: payload, retryDelay: '1000' },
    );
    const log = await bench.app.ended(runId, 240_000);
    const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(JSON.parse(log.workflowRunResponse ?? 'null')).toEqual({
      payload: digest(payload),
      step: digest(patterned(1_000)),
      call: digest('small'),
    });
    await bench.called(runId, 4);
  }, 300_000);

  it('takes no more', async () => {
    await expect(
      bench.app.begin(async (context) => context.run('one', () => 1), { body: patterned(110 * MB) }),
    ).rejects.toMatchObject({
      status: 413,
    });
  }, 60_000);
});
