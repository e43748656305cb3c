import type { Bus, TimerRow } from '@stepwell/core';
import { message } from '@stepwell/core';
import { TimerDesk } from './timer.desk';

const timer = (id: string): TimerRow => ({
  id,
  partition: 1,
  dueAt: 5,
  ask: { runId: 'wfr', messageId: id, attempt: 0 },
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Scheduler {
  readonly asked: string[] = [];
  private readonly gates: ((fails: boolean) => void)[] = [];

  readonly ask = ((definition: { name: string }, _address: unknown, { head }: { head: object }) => {
    const ids = 'timers' in head ? (head.timers as TimerRow[]).map(({ id }) => id) : (head as { ids: string[] }).ids;
    this.asked.push(`${definition.name} ${ids.join(' ')}`);
    return new Promise((resolve, reject) => {
      this.gates.push((fails) => {
        if (fails) reject(new Error('nobody answered'));
        else resolve(message({}) as never);
      });
    });
  }) as Bus['ask'];

  async answer(fails = false): Promise<void> {
    await turn();
    this.gates.shift()?.(fails);
    await turn();
  }
}

describe('the desk of timers (B1, E1)', () => {
  const setUp = () => {
    const scheduler = new Scheduler();
    const pauses: number[] = [];
    const desk = new TimerDesk(scheduler, { warn: () => undefined }, (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    });
    const tenure = new AbortController();
    const holder = { partition: 1, lost: tenure.signal };
    const settled: string[] = [];
    let tell = (): void => undefined;
    return {
      whenSettled: () =>
        new Promise<void>((resolve) => {
          tell = resolve;
        }),
      scheduler,
      pauses,
      tenure,
      settled,
      set: (id: string) => {
        desk.set(holder, timer(id), () => {
          settled.push(`set ${id}`);
          tell();
        });
      },
      cancel: (id: string) => {
        desk.cancel(holder, id, () => settled.push(`cancel ${id}`));
      },
    };
  };

  it('asks for all of one turn at once, and settles them when that is answered', async () => {
    const { scheduler, settled, set } = setUp();
    set('a');
    set('b');
    await turn();
    expect([scheduler.asked, settled]).toEqual([['SetTimers a b'], []]);
    set('c');
    await scheduler.answer();
    expect([scheduler.asked, settled]).toEqual([
      ['SetTimers a b', 'SetTimers c'],
      ['set a', 'set b'],
    ]);
  });

  it('cancels after it has set, and sets nothing that was cancelled before it left', async () => {
    const { scheduler, settled, set, cancel } = setUp();
    set('a');
    await turn();
    cancel('a');
    set('b');
    cancel('b');
    await scheduler.answer();
    expect(scheduler.asked).toEqual(['SetTimers a', 'CancelTimers a b']);
    await scheduler.answer();
    expect(new Set(settled)).toEqual(new Set(['set a', 'set b', 'cancel a', 'cancel b']));
  });

  it('asks again, more and more slowly, until it is answered', async () => {
    const { scheduler, settled, pauses, set } = setUp();
    set('a');
    await scheduler.answer(true);
    await scheduler.answer(true);
    expect([settled, pauses]).toEqual([[], [50, 100]]);
    await scheduler.answer();
    expect(settled).toEqual(['set a']);
  });

  it('ends with the tenure', async () => {
    const { scheduler, tenure, set } = setUp();
    set('a');
    await turn();
    tenure.abort();
    await scheduler.answer(true);
    expect(scheduler.asked).toHaveLength(1);
  });

  it.each([0, 1, 2, 3, 4, 5])('loses no timer that comes %d steps after the last ask ended', async (steps) => {
    const { scheduler, settled, set, whenSettled } = setUp();
    set('first');
    const next = whenSettled().then(async () => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      set('next');
    });
    await scheduler.answer();
    await next;
    await scheduler.answer();
    expect(settled).toEqual(['set first', 'set next']);
  });
});
