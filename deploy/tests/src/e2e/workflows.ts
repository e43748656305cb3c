import type { Workflow } from './workflow-app';

/** n steps, one after the other. */
export const sequential =
  (steps: number): Workflow =>
  async (context, journal) => {
    let sum = 0;
    for (let step = 1; step <= steps; step += 1)
      sum += await context.run(`step-${step}`, () => journal.run(`step-${step}`, step));
    return sum;
  };

/** k branches at once, then one step. */
export const parallel =
  (branches: number): Workflow =>
  async (context, journal) => {
    const names = Array.from({ length: branches }, (_, branch) => `branch-${branch}`);
    const results = await Promise.all(names.map((name, branch) => context.run(name, () => journal.run(name, branch))));
    return results.reduce((sum, each) => sum + each, 0);
  };

export const sleeping: Workflow = async (context, journal) => {
  const before = await context.run('before', () => journal.run('before', Date.now()));
  await context.sleep('nap', 1);
  await context.sleepUntil('nap-until', new Date(Date.now() + 1_000));
  const after = await context.run('after', () => journal.run('after', Date.now()));
  return { sleptMs: after - before };
};

/** Sleeps for `input` seconds, and tells how long that was in the end. */
export const sleepingFor: Workflow = async (context, journal) => {
  const before = await context.run('before', () => journal.run('before', Date.now()));
  await context.sleep('nap', Number(context.requestPayload.input));
  const after = await context.run('after', () => journal.run('after', Date.now()));
  return { sleptMs: after - before };
};

/** One step whose result has `input` characters; the run's result is how many came back. */
export const large: Workflow = async (context, journal) => {
  const text = await context.run('large', () => journal.run('large', 'ä'.repeat(Number(context.requestPayload.input))));
  return context.run('measure', () => journal.run('measure', text.length));
};

export const calling: Workflow = async (context, journal) => {
  const { appUrl } = context.requestPayload;
  const answer = await context.call<{ echo: unknown }>('call', {
    url: `${appUrl}/third-party/${context.workflowRunId}`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ question: 'größer als 7?' }),
  });
  await context.run('after', () => journal.run('after', true));
  return { status: answer.status, body: answer.body };
};

/** Fails `input` times, then goes on. */
export const flaky: Workflow = async (context, journal) => {
  const failures = Number(context.requestPayload.input ?? 0);
  const attempt = await context.run('flaky', () => {
    const count = journal.executions.get('flaky') ?? 0;
    journal.run('flaky', undefined);
    if (count < failures) throw new Error(`attempt ${count} fails`);
    return count;
  });
  return attempt;
};

/** What the seeds are about: mails, a sleep, a slow call. */
export const onboarding: Workflow = async (context, journal) => {
  const { appUrl } = context.requestPayload;
  await context.run('welcome', () => journal.run('welcome', 'sent'));
  await context.sleep('wait', 1);
  const { body } = await context.call<{ echo: { text: string } }>('ai', {
    url: `${appUrl}/third-party/${context.workflowRunId}`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'hello' }),
  });
  const parts = await Promise.all(
    ['mail', 'crm', 'report'].map((name) => context.run(name, () => journal.run(name, `${name}:${body.echo.text}`))),
  );
  return parts.join();
};
