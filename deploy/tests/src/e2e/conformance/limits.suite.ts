import { createHash } from 'node:crypto';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';

const MB = 1_000_000;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const made = new Map<number, string>();

/** Text of so many bytes that no cut, double or swapped part of it looks like another. */
export function patterned(bytes: number): string {
  let text = made.get(bytes) ?? '';
  for (let line = 0; text.length < bytes; line += 1) text += `${line};${(line * 7919) % 1_000_003};`;
  text = text.slice(0, bytes);
  made.set(bytes, text);
  return text;
}

/** What arrived, as digests: of the payload, of a step's result, of a third party's answer. */
export const digesting =
  (thirdParty: () => string, bytes: number): Workflow =>
  async (context, seen) => {
    const step = await context.run('large', () => seen.run('large', patterned(bytes)));
    const call = await context.call<string>('call', { url: thirdParty() });
    // Only here: before its first step a workflow is also run with a call's callback as payload (protocol.md section 6).
    const payload = digest(context.requestPayload as unknown as string);
    return { payload, step: digest(step), call: digest(call.body) };
  };

/* What is too much, and what is not (protocol.md 7.4, section 15): 412 fails a run for good, 413 is for bodies. */
export function limits(bench: Bench): void {
  describe('too much', () => {
    const one: Workflow = async (context) => context.run('one', () => 1);

    it.each<[string, object]>([
      ['retries', { retries: 1_000_000 }],
      ['delay', { delay: '400d' }],
      ['delay, as a moment', { notBefore: Math.floor(Date.now() / 1_000) + 400 * 86_400 }],
    ])('%s of a trigger is 412', async (_what, options) => {
      await expect(bench.app.begin(one, options)).rejects.toMatchObject({ status: 412 });
    });

    it.each<[string, Workflow]>([
      ['sleep', async (context) => context.sleep('nap', '400d')],
      ['sleep until a moment', async (context) => context.sleepUntil('nap', new Date(Date.now() + 400 * 86_400_000))],
      ['wait', async (context) => context.waitForEvent('wait', 'too-long', { timeout: '400d' })],
      ['retries of a call', async (context) => context.call('call', { url: bench.thirdParty.url, retries: 1_000_000 })],
    ])('%s fails the run for good, at its first call', async (_what, workflow) => {
      const { runId, log } = await bench.runs(workflow, {
        retries: 3,
        retryDelay: '50',
        failureUrl: `${bench.thirdParty.url}/too-much`,
      });
      expect(log.workflowState).toBe('RUN_FAILED');
      await bench.called(runId, 1);
    });

    it('items in one batch is 413', async () => {
      const items = Array.from({ length: 1_001 }, () => ({ destination: bench.thirdParty.url }));
      expect((await bench.rest.batch(items)).status).toBe(413);
    });

    it('in a body is 413; a little less is not', async () => {
      await expect(bench.app.begin(one, { body: patterned(11 * MB) })).rejects.toMatchObject({ status: 413 });
    });
  });

  describe('large bodies', () => {
    it('of five megabytes, as payload, step and answer, arrive whole, and lazily', async () => {
      const bytes = 5 * MB;
      bench.thirdParty.answersAt('/five-megabytes', {
        headers: { 'content-type': 'text/plain' },
        body: patterned(bytes),
      });
      const { runId, result, journal } = await bench.runs(
        digesting(() => `${bench.thirdParty.url}/five-megabytes`, bytes),
        { body: patterned(bytes) },
      );
      const whole = digest(patterned(bytes));
      expect(result).toEqual({ payload: whole, step: whole, call: whole });
      expect(Object.fromEntries(journal.executions)).toEqual({ large: 1 });
      await bench.called(runId, 4);
      // The list is over the setting from the first delivery on; only a callback always comes with its body (7.5).
      const [first, second, callback, last] = journal.deliveries;
      for (const lazy of [first, second, last]) expect(lazy?.headers['content-length'] ?? '0').toBe('0');
      expect(Number(callback?.headers['content-length'])).toBeGreaterThan(bytes);
      // The client needs seconds for such a history, above all inside of Jest.
    }, 240_000);

    it('of a failure come with their body, however large', async () => {
      const { runId, log } = await bench.runs(
        async (context) => {
          throw new Error(patterned(MB) + context.workflowRunId);
        },
        { body: patterned(5 * MB), retries: 0, failureUrl: `${bench.thirdParty.url}/large-failure` },
      );
      expect(log.workflowState).toBe('RUN_FAILED');
      await bench.called(runId, 1);
      await until('the failure was told', () => bench.thirdParty.seen('/large-failure').length > 0);
      const [told] = bench.thirdParty.seen('/large-failure');
      const { sourceBody } = JSON.parse(told?.body ?? '{}') as { sourceBody: string };
      expect(digest(Buffer.from(sourceBody, 'base64').toString())).toBe(digest(patterned(5 * MB)));
    }, 180_000);
  });
}
