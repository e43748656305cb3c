import { createHash } from 'node:crypto';
import { TOPOLOGIES } from './stepwell-under-test';
import { useWorkflowApp } from './use-workflow-app';
import type { Workflow } from './workflow-app';
import { WorkflowApp } from './workflow-app';

const MB = 1_000_000;
const PAYLOAD_CHARACTERS = 5 * MB;
const RESULT_CHARACTERS = 3 * MB;
const RESPONSE_BYTES = 2 * MB;

/** Text of so many characters that no cut, double or swapped part of it looks like another; two bytes here and there. */
function patterned(characters: number): string {
  let text = '';
  for (let line = 0; text.length < characters; line += 1) text += `${line}:ü${(line * 7919) % 1_000_003};`;
  return text.slice(0, characters);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What arrived of the payload, of a step's own result and of a third party's answer, as digests. */
const large: Workflow = async (context, journal) => {
  const { appUrl, input } = context.requestPayload;
  const result = await context.run('large', () => journal.run('large', patterned(RESULT_CHARACTERS)));
  const { status, body } = await context.call<string>('fetch', { url: `${appUrl}/large-response`, method: 'GET' });
  return context.run('digests', () =>
    journal.run('digests', { payload: digest(String(input)), result: digest(result), status, response: digest(body) }),
  );
};

/* Blobs, parts of asks, deliveries assembled entry by entry (architecture.md L5, H4, H5), and the signature over all of it. */
describe.each(TOPOLOGIES)('large bodies through %s process(es)', (topology) => {
  const stage = useWorkflowApp(topology, (app) => {
    app.add('large', large);
    app.answers('/large-response', patterned(RESPONSE_BYTES));
  });

  it('arrive as they were sent, each once', async () => {
    const runId = await stage.app.trigger('large', { input: patterned(PAYLOAD_CHARACTERS) });
    const log = await stage.app.ended(runId, 120_000);
    expect(log.workflowState).toBe('RUN_SUCCESS');
    expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({
      payload: digest(patterned(PAYLOAD_CHARACTERS)),
      result: digest(patterned(RESULT_CHARACTERS)),
      status: 200,
      response: digest(patterned(RESPONSE_BYTES)),
    });
    expect([...stage.app.journal(runId).executions]).toEqual([
      ['large', 1],
      ['digests', 1],
    ]);
    expect(stage.app.journal(runId).calls).toBe(5);
    expect(stage.app.journal(runId).retried.every((retried) => retried === 0)).toBe(true);
  }, 150_000);

  it('survive a restart', async () => {
    const [run] = (await stage.app.client.logs()).runs;
    await stage.stepwell.stop();
    await stage.stepwell.start();
    expect((await stage.app.client.logs()).runs).toEqual([run]);
  }, 120_000);

  it('are signed: an app with other keys refuses them', async () => {
    const stranger = new WorkflowApp({ engineUrl: stage.stepwell.url, signingKeys: ['sig_other', 'sig_another'] });
    stranger.add('large', large);
    await stranger.start();
    const runId = await stranger.trigger('large', { input: patterned(MB), retries: 0 });
    const log = await stranger.ended(runId);
    expect(log.workflowState).toBe('RUN_FAILED');
    expect(stranger.journal(runId).executions.size).toBe(0);
    await stranger.stop();
  }, 120_000);
});
