import type { RunRow } from '@stepwell/core';
import { runRow } from '../testing/run-row';
import { RowWriter } from './row.writer';

const row = (runId: string, version = 1): RunRow => runRow(runId, { version });

/** A store that answers when told to, in the order it was asked. */
class SlowRows {
  readonly batches: (readonly RunRow[])[] = [];
  private readonly gates: { open: () => void; fail: () => void }[] = [];

  upsert(rows: readonly RunRow[]): Promise<void> {
    this.batches.push(rows);
    return new Promise((open, reject) => {
      this.gates.push({
        open,
        fail: () => {
          reject(new Error('store is down'));
        },
      });
    });
  }

  async answer(how: 'open' | 'fail' = 'open'): Promise<void> {
    while (this.gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    this.gates.shift()?.[how]();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the writer of rows (L9)', () => {
  const setUp = () => {
    const rows = new SlowRows();
    const written: string[] = [];
    const pauses: number[] = [];
    const writer = new RowWriter(rows, { warn: () => undefined }, (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    });
    const write = (each: RunRow): void => {
      writer.write(each, () => written.push(`${each.runId}/${each.version}`));
    };
    return { rows, written, pauses, writer, write };
  };

  it('writes the newest of each run, and settles all that it stands for', async () => {
    const { rows, written, write } = setUp();
    write(row('a', 2));
    write(row('a', 1));
    write(row('b'));
    await rows.answer();
    expect(rows.batches).toEqual([[row('a', 2), row('b')]]);
    expect(written).toEqual(['a/2', 'a/1', 'b/1']);
  });

  it('tries again until the store has it, without going back to an older row', async () => {
    const { rows, written, pauses, write } = setUp();
    write(row('a', 1));
    await new Promise((resolve) => setImmediate(resolve));
    write(row('a', 2));
    await rows.answer('fail');
    expect(written).toEqual([]);
    await rows.answer('fail');
    await rows.answer();
    expect(rows.batches.at(-1)).toEqual([row('a', 2)]);
    expect(written.sort()).toEqual(['a/1', 'a/2']);
    expect(pauses).toEqual([50, 100, 50, 200, 50]);
  });

  it('flushes what was given before, in flight or not, and does not wait for what comes later', async () => {
    const { rows, writer, write } = setUp();
    write(row('a'));
    await new Promise((resolve) => setImmediate(resolve));
    write(row('b'));
    let flushed = false;
    const flush = writer.flush().then(() => {
      flushed = true;
    });
    await rows.answer();
    expect(flushed).toBe(false);
    write(row('c'));
    await rows.answer();
    await flush;
    expect(rows.batches.map((batch) => batch.map(({ runId }) => runId))).toEqual([['a'], ['b'], ['c']]);
    await rows.answer();
  });

  it('gathers rows for a moment, and not when somebody waits for them', async () => {
    const rows = new SlowRows();
    let over: () => void = () => undefined;
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        over = resolve;
      });
    const writer = new RowWriter(rows, { warn: () => undefined }, pause);
    for (const each of ['a', 'b']) {
      writer.write(row(each), () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(rows.batches).toEqual([]);
    over();
    await rows.answer();
    writer.write(row('c'), () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    const flushed = writer.flush();
    await rows.answer();
    await flushed;
    expect(rows.batches).toEqual([[row('a'), row('b')], [row('c')]]);
  });

  it('flushes at once when there is nothing', async () => {
    await setUp().writer.flush();
  });

  it.each([0, 1, 2, 3, 4, 5])('loses no row that comes %d steps after the last batch ended', async (steps) => {
    const { rows, writer } = setUp();
    const next = new Promise<void>((resolve) => {
      writer.write(row('first'), resolve);
    }).then(async () => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      writer.write(row('next'), () => undefined);
    });
    await rows.answer();
    await next;
    await rows.answer();
    expect(rows.batches).toHaveLength(2);
  });
});
