import { randomUUID } from 'node:crypto';
import { Client } from '@upstash/workflow';
import { ThirdParty } from '../conformance/third-party';
import type { Topology } from '../stepwell-under-test';
import { DEV, StepwellUnderTest } from '../stepwell-under-test';
import { until } from '../until';
import type { Ability, BeginOptions, ClientApp, ClientUnderTest, Scenario, Seen } from './client-app';

const LARGE = 5_000_000;

/**
 * The same scenarios for each client, as far as it can: the same counts, the same results (protocol.md 7.9, 17).
 *
 * What a run came to is asked with the newest client; the endpoint's side is the app's own word.
 */
export function clientScenarios(topology: Topology, clients: readonly ClientUnderTest[]): void {
  describe(`clients, on ${topology} process(es)`, () => {
    const stepwell = new StepwellUnderTest(topology);
    const thirdParty = new ThirdParty();
    const observer = () => new Client({ baseUrl: stepwell.url, token: DEV.token });

    beforeAll(async () => {
      for (const level of ['error', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
      await Promise.all([stepwell.start(), thirdParty.start()]);
    }, 180_000);
    afterAll(async () => {
      await Promise.all([stepwell.remove(), thirdParty.stop()]);
      jest.restoreAllMocks();
    }, 180_000);

    for (const client of clients) {
      if (client.missing === undefined) scenariosOf(client);
      // The reason is in the name: who reads the list of tests knows what was not tried, and why.
      else describe.skip(client.name, () => it(`can't be tried here: ${client.missing}`, () => undefined));
    }

    function scenariosOf(client: ClientUnderTest): void {
      describe(client.name, () => {
        let app: ClientApp;
        beforeAll(async () => {
          app = client.app(stepwell.url);
          await app.start();
        }, 180_000);
        afterAll(() => app.stop());

        const can = (ability: Ability): typeof it => (client.abilities.includes(ability) ? it : it.skip);
        const logOf = async (runId: string) => (await observer().logs({ filter: { workflowRunId: runId } })).runs[0];
        const ended = async (runId: string) => {
          const over = async () => ((await logOf(runId))?.workflowState ?? 'RUN_STARTED') !== 'RUN_STARTED';
          await until(`${runId} has ended`, over);
          return (await logOf(runId))!;
        };
        /** Runs a scenario to its end; its result is that of its last step. */
        const ends = async (
          scenario: Scenario,
          {
            input,
            whileRunning,
            ...options
          }: BeginOptions & { input?: unknown; whileRunning?: (runId: string) => Promise<void> } = {},
        ) => {
          const runId = await app.begin(scenario, input, options);
          await whileRunning?.(runId);
          const log = await ended(runId);
          const groups = log.steps as readonly { steps: readonly { stepName?: string; out?: unknown }[] }[];
          const out = groups.flatMap(({ steps }) => steps).find(({ stepName }) => stepName === 'result')?.out;
          return { runId, log, result: out === undefined ? undefined : (JSON.parse(out as string) as unknown) };
        };
        const called = async (runId: string, calls: number): Promise<Seen> => {
          await until('called', async () => (await app.seen(runId)).calls >= calls, 60_000).catch(() => undefined);
          const seen = await app.seen(runId);
          expect(seen.calls).toBe(calls);
          return seen;
        };
        const untilWaiting = (eventId: string): Promise<void> =>
          until(`${eventId} is waited for`, async () => (await observer().getWaiters({ eventId })).length === 1);

        it('runs steps, each once, with the user’s header at every call', async () => {
          const { runId, log, result } = await ends('steps', { headers: { 'x-mine': 'yes' } });
          expect(log.workflowState).toBe('RUN_SUCCESS');
          expect(result).toEqual([1, { more: 2, text: 'größer' }]);
          const seen = await called(runId, 4);
          expect(seen.executions).toEqual({ one: 1, two: 1, result: 1 });
          expect(seen.mine).toEqual(['yes', 'yes', 'yes', 'yes']);
          expect(seen.retried).toEqual([0, 0, 0, 0]);
        });

        can('result')('sends its run’s result', async () => {
          const { log } = await ends('steps');
          expect(log.workflowRunResponse).toBe('[1,{"more":2,"text":"größer"}]');
        });

        it('sleeps', async () => {
          const { runId, result } = await ends('naps');
          expect(result).toBe(true);
          await called(runId, 6);
        });

        it('calls a third party', async () => {
          const path = `/called-${randomUUID()}`;
          thirdParty.answersAt(path, { status: 201, body: '{"answer":"größer"}' });
          const { runId, result } = await ends('call', { input: thirdParty.url + path, headers: { 'x-mine': 'yes' } });
          expect(result).toEqual({ status: 201, body: { answer: 'größer' } });
          const seen = await called(runId, 4);
          expect(seen.mine).toEqual(['yes', 'yes', 'yes', 'yes']);
          const [asked, ...more] = thirdParty.seen(path);
          expect(more).toEqual([]);
          expect(JSON.parse(asked?.body ?? '')).toEqual({ question: 'größer?' });
          expect(asked?.headers['x-mine']).toBeUndefined();
        });

        it('goes on when a third party fails', async () => {
          const path = `/fails-${randomUUID()}`;
          thirdParty.answersAt(path, { status: 503 });
          const { runId, log, result } = await ends('call-fails', { input: thirdParty.url + path });
          expect([log.workflowState, result]).toEqual(['RUN_SUCCESS', 503]);
          await called(runId, 4);
        });

        it('is tried again', async () => {
          const { runId, result } = await ends('flaky', { input: 2, retries: 3 });
          expect(result).toBe(3);
          const seen = await called(runId, 5);
          expect(seen.retried).toEqual([0, 1, 2, 0, 0]);
          expect(seen.executions).toEqual({ flaky: 3, result: 1 });
        });

        it('fails, and its failure function is told', async () => {
          const { runId, log } = await ends('doomed', { retries: 1 });
          expect(log.workflowState).toBe('RUN_FAILED');
          await until('the failure function ran', async () => (await app.seen(runId)).failure !== undefined);
          const seen = await called(runId, 3);
          expect(seen.failure).toEqual({ message: 'by intention', status: 500 });
          await until('that is seen', async () => (await logOf(runId))?.failureFunction?.state === 'CALLBACK_SUCCESS');
        });

        can('never-again')('fails at once when told so', async () => {
          const { runId, log } = await ends('never', { retries: 3 });
          expect(log.workflowState).toBe('RUN_FAILED');
          await until('the failure function ran', async () => (await app.seen(runId)).failure !== undefined);
          expect((await called(runId, 2)).failure).toEqual({ message: 'never again', status: 489 });
        });

        can('parallel')('joins a group once', async () => {
          const { runId, result } = await ends('group', { input: `${thirdParty.url}/group` });
          expect(result).toEqual(['l', 'r', 200]);
          expect((await called(runId, 1 + 4 + 4 + 1 + 1)).executions).toEqual({ left: 1, right: 1, result: 1 });
        });

        can('wait')('waits for an event', async () => {
          const eventId = randomUUID();
          const { runId, result } = await ends('wait', {
            input: eventId,
            whileRunning: async () => {
              await untilWaiting(eventId);
              await observer().notify({ eventId, eventData: { hello: 'wörld' } });
            },
          });
          expect(result).toEqual({ eventData: { hello: 'wörld' }, timeout: false });
          await called(runId, 3);
        });

        can('wait')('waits in vain, and for what was kept for it', async () => {
          const eventId = randomUUID();
          const { runId, result } = await ends('wait-twice', {
            input: eventId,
            whileRunning: async (workflowRunId) => {
              await observer().notify({ eventId, eventData: 'kept', workflowRunId });
            },
          });
          expect(result).toEqual({ timeout: true, eventData: 'kept' });
          await called(runId, 4);
        });

        can('webhook')('waits for a webhook', async () => {
          const { runId, result } = await ends('webhook', {
            whileRunning: async (id) => {
              await until('it has one', async () => (await app.seen(id)).webhookUrl !== undefined);
              await fetch((await app.seen(id)).webhookUrl ?? '', { method: 'PUT', body: 'hooked' });
            },
          });
          expect(result).toEqual({ method: 'PUT', text: 'hooked' });
          await called(runId, 4);
        });

        can('invoke')('invokes children, one that ends well and one that fails', async () => {
          const { runId, result } = await ends('parent');
          expect(result).toEqual({ body: { from: 'the parent' }, failed: [false, true] });
          await called(runId, 4);
        });

        it('is cancelled', async () => {
          const runId = await app.begin('sleepy');
          await until('it sleeps', async () => (await app.seen(runId)).calls === 1);
          expect(await observer().cancel(runId)).toEqual({ cancelled: 1 });
          expect((await ended(runId)).workflowState).toBe('RUN_CANCELED');
          await called(runId, 1);
        });

        can('cancel-itself')('cancels itself', async () => {
          const { runId, log } = await ends('cancels-itself');
          expect(log.workflowState).toBe('RUN_CANCELED');
          expect((await called(runId, 2)).executions).toEqual({ one: 1 });
        });

        it('carries five megabytes through its history', async () => {
          const { runId, result } = await ends('large', { input: LARGE });
          expect(result).toBe(LARGE);
          const { bytes } = await called(runId, 3);
          // A client that can fetch is delivered nothing; one that can't, everything.
          if (client.abilities.includes('lazy-fetch')) expect(bytes.slice(1)).toEqual([0, 0]);
          else expect(Math.min(...bytes.slice(1))).toBeGreaterThan(LARGE);
        }, 180_000);

        it('can be started by the newest client', async () => {
          const { workflowRunId } = await observer().trigger({
            url: app.urlOf('steps'),
            body: {},
            headers: { 'x-mine': 'yes' },
            label: 'mixed',
            retries: 1,
          });
          const log = await ended(workflowRunId);
          expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', labels: ['mixed'] });
          expect((await called(workflowRunId, 4)).mine).toEqual(['yes', 'yes', 'yes', 'yes']);
        });
      });
    }
  });
}
