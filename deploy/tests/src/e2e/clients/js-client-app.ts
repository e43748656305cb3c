import type { WorkflowContext } from '@upstash/workflow';
import type { Journal } from '../journal';
import { WorkflowApp } from '../workflow-app';
import type { Ability, BeginOptions, ClientApp, ClientUnderTest, Scenario, Seen } from './client-app';
import type { JsLibrary } from './js-library';
import { JS_0_2, JS_1_2, JS_1_3 } from './js-library';

interface Input {
  readonly appUrl: string;
  readonly input?: unknown;
}
type Context = WorkflowContext<Input>;
type Route = (context: Context, seen: Journal) => Promise<unknown>;

const RETRY_DELAY = '100';

/** Each ends with a step `result`, since not every client sends its run's result. */
function routes(library: JsLibrary): Record<Exclude<Scenario, 'parent'>, Route> {
  const resulting = async <T>(context: Context, seen: Journal, value: T): Promise<T> =>
    context.run('result', () => seen.run('result', value));
  return {
    steps: async (context, seen) => {
      const one = await context.run('one', () => seen.run('one', 1));
      const two = await context.run('two', () => seen.run('two', { more: one + 1, text: 'größer' }));
      return resulting(context, seen, [one, two]);
    },
    naps: async (context, seen) => {
      const before = await context.run('before', () => seen.run('before', Date.now()));
      await context.sleep('nap', 1);
      await context.sleepUntil('nap-until', Math.floor(Date.now() / 1_000) + 1);
      const slept = await context.run('after', () => seen.run('after', Date.now() - before));
      return resulting(context, seen, slept >= 1_000);
    },
    call: async (context, seen) => {
      // Releases before 1.0 make JSON of any text: an object is the same to all.
      const body = { question: 'größer?' } as unknown as string;
      const answer = await context.call('call', {
        url: String(context.requestPayload.input),
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return resulting(context, seen, { status: answer.status, body: answer.body });
    },
    'call-fails': async (context, seen) => {
      const { status } = await context.call('call', { url: String(context.requestPayload.input) });
      return resulting(context, seen, status);
    },
    flaky: async (context, seen) => {
      const attempts = await context.run('flaky', () => {
        seen.run('flaky', undefined);
        const count = seen.executions.get('flaky') ?? 0;
        if (count <= Number(context.requestPayload.input)) throw new Error(`attempt ${count} fails`);
        return count;
      });
      return resulting(context, seen, attempts);
    },
    doomed: async (context, seen) =>
      context.run('doomed', () => {
        seen.run('doomed', undefined);
        throw new Error('by intention');
      }),
    never: async (context, seen) =>
      context.run('never', () => {
        seen.run('never', undefined);
        throw new library.WorkflowNonRetryableError('never again');
      }),
    group: async (context, seen) => {
      const [left, right, , called] = await Promise.all([
        context.run('left', () => seen.run('left', 'l')),
        context.run('right', () => seen.run('right', 'r')),
        context.sleep('nap', 1),
        context.call('call', { url: String(context.requestPayload.input) }),
      ]);
      return resulting(context, seen, [left, right, called.status]);
    },
    wait: async (context, seen) => {
      const { eventData, timeout } = await context.waitForEvent('wait', String(context.requestPayload.input), {
        timeout: '1m',
      });
      return resulting(context, seen, { eventData, timeout });
    },
    'wait-twice': async (context, seen) => {
      const eventId = String(context.requestPayload.input);
      const { timeout } = await context.waitForEvent('never', `${eventId}-never`, { timeout: 1 });
      const { eventData } = await context.waitForEvent('wait', eventId, { timeout: '1m' });
      return resulting(context, seen, { timeout, eventData });
    },
    webhook: async (context, seen) => {
      const webhook = await context.createWebhook('create');
      seen.notes.set('webhook', webhook.webhookUrl);
      const { request } = await context.waitForWebhook('wait', webhook, '1m');
      const text = await request?.text();
      return resulting(context, seen, { method: request?.method, text });
    },
    'cancels-itself': async (context, seen) => {
      await context.run('one', () => seen.run('one', 1));
      await context.cancel();
      return resulting(context, seen, 'never');
    },
    sleepy: async (context, seen) => {
      await context.sleep('long', '1h');
      return resulting(context, seen, 'never');
    },
    large: async (context, seen) => {
      const text = await context.run('large', () =>
        seen.run('large', 'x'.repeat(Number(context.requestPayload.input))),
      );
      return resulting(context, seen, text.length);
    },
  };
}

/** The official client in JavaScript, in an Express app of this process. */
class JsClientApp implements ClientApp {
  readonly app: WorkflowApp;

  constructor(
    private readonly library: JsLibrary,
    engineUrl: string,
  ) {
    this.app = new WorkflowApp({ engineUrl, library });
    for (const [name, route] of Object.entries(routes(library))) this.app.add(name, route);
    this.addFamily();
  }

  /** A parent that invokes one child that ends well and one that fails, under `/family`. */
  private addFamily(): void {
    const { createWorkflow } = this.library;
    const good = createWorkflow<unknown, unknown>(async (context) => {
      const got = context.requestPayload;
      return context.run('good', () => got);
    });
    const bad = createWorkflow<unknown, unknown>(async (context) =>
      context.run('bad', () => {
        throw new Error('by intention');
      }),
    );
    const parent = createWorkflow<unknown, unknown>(async (context) => {
      const seen = this.app.journal(context.workflowRunId);
      const first = await context.invoke('good', { workflow: good, body: { from: 'the parent' } });
      const second = await context.invoke('bad', { workflow: bad, body: 1, retries: 0 });
      const value = { body: first.body, failed: [first.isFailed, second.isFailed] };
      return context.run('result', () => seen.run('result', value));
    });
    this.app.addMany('family', { parent, good, bad });
  }

  start(): Promise<void> {
    return this.app.start();
  }

  urlOf(scenario: Scenario): string {
    return `${this.app.url}/${scenario === 'parent' ? 'family/parent' : scenario}`;
  }

  begin(scenario: Scenario, input?: unknown, { retries, headers }: BeginOptions = {}): Promise<string> {
    // Both became the only way in 1.0; what a release doesn't know it ignores.
    const once = { useFailureFunction: true, keepTriggerConfig: true };
    return this.app.trigger(scenario === 'parent' ? 'family/parent' : scenario, {
      input,
      retryDelay: RETRY_DELAY,
      ...(retries === undefined ? {} : { retries }),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...once,
    });
  }

  async seen(runId: string): Promise<Seen> {
    const { calls, retried, executions, deliveries, failureFunction, notes } = this.app.journal(runId);
    const failure = failureFunction as { failResponse: string; failStatus: number } | undefined;
    return {
      calls,
      retried,
      executions: Object.fromEntries(executions),
      bytes: deliveries.map(({ headers }) => Number(headers['content-length'] ?? 0)),
      mine: deliveries.map(({ headers }) => (headers['x-mine'] as string | undefined) ?? null),
      failure: failure && { message: failure.failResponse, status: failure.failStatus },
      webhookUrl: notes.get('webhook') as string | undefined,
    };
  }

  stop(): Promise<void> {
    return this.app.stop();
  }
}

const javascript = (library: JsLibrary, abilities: readonly Ability[]): ClientUnderTest => ({
  name: `JavaScript ${library.version}`,
  abilities,
  app: (engineUrl) => new JsClientApp(library, engineUrl),
});

const OLDER: readonly Ability[] = ['parallel', 'wait', 'invoke', 'cancel-itself', 'never-again', 'result'];

export const JAVASCRIPT_1_3 = javascript(JS_1_3, [...OLDER, 'webhook', 'lazy-fetch']);
export const JAVASCRIPT_1_2 = javascript(JS_1_2, [...OLDER, 'webhook', 'lazy-fetch']);
/** No webhooks, and no notify that is kept for a run. It could fetch its history, but its steps don't say what tells it from Python. */
export const JAVASCRIPT_0_2 = javascript(JS_0_2, OLDER);
