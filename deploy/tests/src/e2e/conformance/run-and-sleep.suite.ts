import type { Bench } from './bench';

/** A busy machine may be late, never early. */
const TARDINESS_MS = 20_000;

/* `run`, `sleep`, `sleepUntil` and parallel groups of them (protocol.md 7, 8.1, 8.2): n steps are n + 1 calls, k branches 1 + k + k. */
export function runAndSleep(bench: Bench): void {
  describe.each(['app', 'keyless'] as const)('steps of an %s', (which) => {
    const app = () => bench[which];

    it('no step at all is refused by the client: its run fails', async () => {
      const { runId, log } = await bench.runs(async () => 'no step', { retries: 0 }, app());
      expect(log.workflowState).toBe('RUN_FAILED');
      // The failure callback is refused for the same reason: it has the default retries before it, seconds apart.
      expect(app().journal(runId).calls).toBeGreaterThanOrEqual(1);
    });

    it('one step is two calls', async () => {
      const { runId, log, result, journal } = await bench.runs(
        async (context, seen) => context.run('only', () => seen.run('only', { x: [1, 'ü', null] })),
        {},
        app(),
      );
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect(result).toEqual({ x: [1, 'ü', null] });
      expect(journal.order).toEqual(['only']);
      await bench.called(runId, 2, app());
    });

    it('each delivery carries the history up to its own message, and nothing after it', async () => {
      const { runId, journal } = await bench.runs(
        async (context) => {
          await context.run('one', () => 1);
          await context.run('two', () => 2);
          return 'done';
        },
        { body: 'plain text' },
        app(),
      );
      await bench.called(runId, 3, app());
      for (const [index, { headers, history }] of journal.deliveries.entries()) {
        expect(history?.map(({ callType }) => callType)).toEqual(Array.from({ length: index + 1 }, () => 'step'));
        expect(history?.at(-1)?.messageId).toBe(headers['upstash-message-id']);
        expect(history?.[0]?.text).toBe('plain text');
      }
      const ids = journal.deliveries.map(({ headers }) => headers['upstash-message-id']);
      expect(new Set(ids).size).toBe(3);
      expect(journal.deliveries.at(-1)?.history?.map(({ messageId }) => messageId)).toEqual(ids);
    });

    it('every kind of result comes back as it was', async () => {
      const values = [undefined, null, 0, '', false, 'text', '{"looks":"like JSON"}', [], {}, 1.5, 'ünï ☃ \u0000'];
      const { runId, result } = await bench.runs(
        async (context) => {
          const back: unknown[] = [];
          for (const [index, value] of values.entries()) back.push(await context.run(`value-${index}`, () => value));
          return back.map((value) => (value === undefined ? 'undefined' : value));
        },
        {},
        app(),
      );
      expect(result).toEqual(values.map((value) => (value === undefined ? 'undefined' : value)));
      await bench.called(runId, values.length + 1, app());
    });

    it('a run that returns nothing has no result', async () => {
      const { log, result } = await bench.runs(
        async (context) => {
          await context.run('one', () => 1);
        },
        {},
        app(),
      );
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect(result).toBeUndefined();
    });

    it('sleeps for a number of seconds, for a duration in words, for nothing', async () => {
      const naps = [
        { duration: 1, leastMs: 1_000 },
        { duration: '1s', leastMs: 1_000 },
        { duration: '0m', leastMs: 0 },
      ] as const;
      const napping = naps.map(async ({ duration, leastMs }) => {
        const { runId, result } = await bench.runs(
          async (context) => {
            const before = await context.run('before', () => Date.now());
            await context.sleep('nap', duration);
            return (await context.run('after', () => Date.now())) - before;
          },
          {},
          app(),
        );
        expect(result).toBeGreaterThanOrEqual(leastMs);
        expect(result).toBeLessThan(leastMs + TARDINESS_MS);
        await bench.called(runId, 4, app());
      });
      await Promise.all(napping);
    });

    it('sleeps until a Date, a text, unix seconds, and not at all for what is past', async () => {
      const moments: readonly ((soon: number) => Date | string | number)[] = [
        (soon) => new Date(soon),
        (soon) => new Date(soon).toISOString(),
        (soon) => soon / 1_000,
        () => new Date(0),
      ];
      const napping = moments.map(async (moment, index) => {
        const { runId, result } = await bench.runs(
          async (context) => {
            // Whole seconds: the clients round. What is past must be over long before.
            const inSeconds = index < 3 ? 1 : 60;
            const soon = await context.run('soon', () => (Math.ceil(Date.now() / 1_000) + inSeconds) * 1_000);
            await context.sleepUntil('nap', moment(soon));
            return (await context.run('after', () => Date.now())) - soon;
          },
          {},
          app(),
        );
        if (index < 3) expect(result).toBeGreaterThanOrEqual(0);
        else expect(result).toBeLessThan(0);
        expect(result).toBeLessThan(TARDINESS_MS);
        await bench.called(runId, 4, app());
      });
      await Promise.all(napping);
    });

    it('parallel branches of run and sleep meet again', async () => {
      const { runId, result, journal } = await bench.runs(
        async (context, seen) => {
          const [fast, , , slow] = await Promise.all([
            context.run('fast', () => seen.run('fast', 'f')),
            context.sleep('nap', 1),
            context.sleepUntil('nap-until', new Date(Date.now() + 1_000)),
            context.run('slow', async () => {
              await new Promise((done) => setTimeout(done, 300));
              return seen.run('slow', 's');
            }),
          ]);
          return context.run('join', () => seen.run('join', [fast, slow]));
        },
        {},
        app(),
      );
      expect(result).toEqual(['f', 's']);
      expect(journal.order.at(-1)).toBe('join');
      expect([...journal.executions.values()]).toEqual([1, 1, 1]);
      await bench.called(runId, 1 + 4 + 4 + 1, app());
    });

    it('groups follow groups, and branches that go on form the next group', async () => {
      const { runId, result } = await bench.runs(
        async (context) => {
          const branch = async (name: string): Promise<number> => {
            const first = await context.run(`${name}-1`, () => 1);
            return first + (await context.run(`${name}-2`, () => 10));
          };
          const sums = await Promise.all([branch('a'), branch('b'), branch('c')]);
          await Promise.all([context.run('x', () => 1), context.run('y', () => 2)]);
          return sums;
        },
        {},
        app(),
      );
      expect(result).toEqual([11, 11, 11]);
      await bench.called(runId, 1 + 6 + 6 + 4, app());
    });

    it('what the user set at the trigger is there at every delivery', async () => {
      const { runId, journal, result } = await bench.runs(
        async (context) => {
          await context.run('one', () => 1);
          await context.sleep('nap', 1);
          return {
            mine: context.headers.get('my-header'),
            labels: context.labels,
            auth: context.headers.get('authorization'),
          };
        },
        { headers: { 'my-header': 'mine', authorization: 'Bearer of the user' }, label: ['red', 'blue'] },
        app(),
      );
      expect(result).toMatchObject({ mine: 'mine', labels: ['red', 'blue'], auth: 'Bearer of the user' });
      for (const { headers } of journal.deliveries) {
        expect(headers).toMatchObject({
          'my-header': 'mine',
          authorization: 'Bearer of the user',
          'upstash-label': 'red,blue',
          'upstash-workflow-runid': runId,
          'upstash-workflow-sdk-version': '1',
          'upstash-retried': '0',
          'content-type': 'application/json',
        });
        expect(Number(headers['upstash-workflow-createdat'])).toBeGreaterThan(1_700_000_000_000);
        expect(headers['upstash-workflow-unknown-sdk']).toBeUndefined();
        expect(Object.keys(headers).filter((name) => name.startsWith('upstash-telemetry'))).toEqual([]);
      }
      await bench.called(runId, 3, app());
    });
  });
}
