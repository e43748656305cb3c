import fc from 'fast-check';
import type { FairGateOptions } from './fair-gate';
import { GateRefusal, FairGate } from './fair-gate';

const ROOMY: FairGateOptions = { places: 8, placesPerKey: 8, waitingPerKey: 100, waitingInAll: 1_000 };

/** Work that ends when told. */
class Visitor {
  state: 'waiting' | 'running' | 'done' | 'full' | 'closed' = 'waiting';
  end: () => void = () => undefined;
  readonly settled: Promise<void>;

  constructor(
    gate: FairGate,
    readonly key: string,
  ) {
    this.settled = gate
      .run(key, () => {
        this.state = 'running';
        return new Promise<void>((resolve) => (this.end = resolve));
      })
      .then(
        () => {
          this.state = 'done';
        },
        (error: unknown) => {
          if (!(error instanceof GateRefusal)) throw error;
          this.state = error.reason;
        },
      );
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const running = (visitors: readonly Visitor[], key?: string): number =>
  visitors.filter((each) => each.state === 'running' && (key === undefined || each.key === key)).length;

describe('FairGate', () => {
  it('keeps a place for a key that has none, whoever floods (rule 1)', async () => {
    const gate = new FairGate(ROOMY);
    const flood = Array.from({ length: 50 }, () => new Visitor(gate, 'flood'));
    await settle();
    expect(running(flood)).toBe(4);
    const other = new Visitor(gate, 'other');
    await settle();
    expect(other.state).toBe('running');
  });

  it('never exceeds the places of a key (rule 1)', async () => {
    const gate = new FairGate({ ...ROOMY, placesPerKey: 2 });
    const visitors = Array.from({ length: 5 }, () => new Visitor(gate, 'a'));
    await settle();
    expect(running(visitors)).toBe(2);
  });

  it('lets waiting keys take turns (rule 2)', async () => {
    const gate = new FairGate({ ...ROOMY, places: 1 });
    const visitors = 'aaaaaaaabb'.split('').map((key) => new Visitor(gate, key));
    const order: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await settle();
      const inside = visitors.find((each) => each.state === 'running');
      order.push(inside?.key ?? 'nobody');
      inside?.end();
    }
    expect(order.join('')).toBe('aabab');
  });

  it('refuses what does not fit into the queues, at once (rule 3)', async () => {
    const gate = new FairGate({ places: 1, placesPerKey: 1, waitingPerKey: 2, waitingInAll: 3 });
    const a = Array.from({ length: 4 }, () => new Visitor(gate, 'a'));
    const b = Array.from({ length: 2 }, () => new Visitor(gate, 'b'));
    await settle();
    expect(a.map(({ state }) => state)).toEqual(['running', 'waiting', 'waiting', 'full']);
    expect(b.map(({ state }) => state)).toEqual(['waiting', 'full']);
  });

  it('holds fewer places beside others, and all of them again when they are gone (rule 4)', async () => {
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs };
    const gate = new FairGate({ ...ROOMY, politeness: { placesPerKey: 1, clock } });
    const alone = Array.from({ length: 6 }, () => new Visitor(gate, 'a'));
    await settle();
    expect(running(alone)).toBe(4);
    const other = new Visitor(gate, 'b');
    await settle();
    expect(other.state).toBe('running');
    for (const each of alone.slice(0, 3)) each.end();
    await settle();
    expect(running(alone)).toBe(1);
    nowMs += 6_000;
    other.end();
    await settle();
    expect(running(alone)).toBe(2);
    alone[3]?.end();
    await settle();
    expect(running(alone)).toBe(2);
  });

  it('sends what waits away when it closes and leaves what runs (rule 5)', async () => {
    const gate = new FairGate({ ...ROOMY, places: 1 });
    const visitors = Array.from({ length: 3 }, () => new Visitor(gate, 'a'));
    await settle();
    gate.close();
    const late = new Visitor(gate, 'b');
    await settle();
    expect(visitors.map(({ state }) => state)).toEqual(['running', 'closed', 'closed']);
    expect(late.state).toBe('closed');
    visitors[0]?.end();
    await visitors[0]?.settled;
    expect(visitors[0]?.state).toBe('done');
  });

  it('lets go of who has lost patience, and of nobody who runs', async () => {
    const gate = new FairGate({ ...ROOMY, places: 1, waitingPerKey: 1 });
    const patience = new AbortController();
    let end = (): void => undefined;
    const runs = gate.run(
      'a',
      () => new Promise<void>((resolve) => (end = resolve)),
      () => patience.signal,
    );
    const waits = gate.run(
      'a',
      () => Promise.resolve(),
      () => patience.signal,
    );
    await expect(gate.run('a', () => Promise.resolve())).rejects.toThrow(GateRefusal);
    patience.abort(new Error('too long'));
    await expect(waits).rejects.toThrow('too long');
    const next = gate.run('a', () => Promise.resolve('next'));
    end();
    await runs;
    expect(await next).toBe('next');
    await expect(gate.run('a', () => Promise.resolve('another'))).resolves.toBe('another');
  });

  it('gives a place back when the work throws', async () => {
    const gate = new FairGate({ ...ROOMY, places: 1 });
    await expect(gate.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(gate.run('a', () => Promise.resolve('next'))).resolves.toBe('next');
  });

  it('ends everything it lets in and never runs more than it may, whatever the order', async () => {
    const step = fc.oneof(fc.record({ come: fc.constantFrom('a', 'b', 'c', 'd') }), fc.record({ end: fc.nat(30) }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const options = { places: 5, placesPerKey: 3, waitingPerKey: 6, waitingInAll: 12 };
        const gate = new FairGate(options);
        const visitors: Visitor[] = [];
        for (const each of steps) {
          if ('come' in each) visitors.push(new Visitor(gate, each.come));
          else {
            const inside = visitors.filter(({ state }) => state === 'running');
            inside[each.end % Math.max(1, inside.length)]?.end();
          }
          await settle();
          expect(running(visitors)).toBeLessThanOrEqual(options.places);
          for (const key of 'abcd') expect(running(visitors, key)).toBeLessThanOrEqual(options.placesPerKey);
          // Whoever waits, waits for something that runs.
          if (visitors.some(({ state }) => state === 'waiting')) expect(running(visitors)).toBeGreaterThan(0);
        }
        while (running(visitors) > 0) {
          for (const each of visitors) if (each.state === 'running') each.end();
          await settle();
        }
        expect(visitors.filter(({ state }) => state === 'waiting' || state === 'running')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
