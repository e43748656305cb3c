import fc from 'fast-check';
import type { OriginGateOptions } from './origin.gate';
import { GateRefusal, OriginGate } from './origin.gate';

const ROOMY: OriginGateOptions = { places: 8, placesPerOrigin: 8, waitingPerOrigin: 100, waitingInAll: 1_000 };

/** Work that ends when told. */
class Visitor {
  state: 'waiting' | 'running' | 'done' | 'full' | 'closed' = 'waiting';
  end: () => void = () => undefined;
  readonly settled: Promise<void>;

  constructor(
    gate: OriginGate,
    readonly origin: string,
  ) {
    this.settled = gate
      .run(origin, () => {
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
const running = (visitors: readonly Visitor[], origin?: string): number =>
  visitors.filter((each) => each.state === 'running' && (origin === undefined || each.origin === origin)).length;

describe('OriginGate', () => {
  it('keeps a place for an origin that has none, whoever floods (rule 1)', async () => {
    const gate = new OriginGate(ROOMY);
    const flood = Array.from({ length: 50 }, () => new Visitor(gate, 'flood'));
    await settle();
    expect(running(flood)).toBe(4);
    const other = new Visitor(gate, 'other');
    await settle();
    expect(other.state).toBe('running');
  });

  it('never exceeds the places of an origin (rule 1)', async () => {
    const gate = new OriginGate({ ...ROOMY, placesPerOrigin: 2 });
    const visitors = Array.from({ length: 5 }, () => new Visitor(gate, 'a'));
    await settle();
    expect(running(visitors)).toBe(2);
  });

  it('lets waiting origins take turns (rule 2)', async () => {
    const gate = new OriginGate({ ...ROOMY, places: 1 });
    const visitors = 'aaaaaaaabb'.split('').map((origin) => new Visitor(gate, origin));
    const order: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await settle();
      const inside = visitors.find((each) => each.state === 'running');
      order.push(inside?.origin ?? 'nobody');
      inside?.end();
    }
    expect(order.join('')).toBe('aabab');
  });

  it('refuses what does not fit into the queues, at once (rule 3)', async () => {
    const gate = new OriginGate({ places: 1, placesPerOrigin: 1, waitingPerOrigin: 2, waitingInAll: 3 });
    const a = Array.from({ length: 4 }, () => new Visitor(gate, 'a'));
    const b = Array.from({ length: 2 }, () => new Visitor(gate, 'b'));
    await settle();
    expect(a.map(({ state }) => state)).toEqual(['running', 'waiting', 'waiting', 'full']);
    expect(b.map(({ state }) => state)).toEqual(['waiting', 'full']);
  });

  it('sends what waits away when it closes and leaves what runs (rule 4)', async () => {
    const gate = new OriginGate({ ...ROOMY, places: 1 });
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

  it('gives a place back when the work throws', async () => {
    const gate = new OriginGate({ ...ROOMY, places: 1 });
    await expect(gate.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(gate.run('a', () => Promise.resolve('next'))).resolves.toBe('next');
  });

  it('ends everything it lets in and never runs more than it may, whatever the order', async () => {
    const step = fc.oneof(fc.record({ come: fc.constantFrom('a', 'b', 'c', 'd') }), fc.record({ end: fc.nat(30) }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const options = { places: 5, placesPerOrigin: 3, waitingPerOrigin: 6, waitingInAll: 12 };
        const gate = new OriginGate(options);
        const visitors: Visitor[] = [];
        for (const each of steps) {
          if ('come' in each) visitors.push(new Visitor(gate, each.come));
          else {
            const inside = visitors.filter(({ state }) => state === 'running');
            inside[each.end % Math.max(1, inside.length)]?.end();
          }
          await settle();
          expect(running(visitors)).toBeLessThanOrEqual(options.places);
          for (const origin of 'abcd') expect(running(visitors, origin)).toBeLessThanOrEqual(options.placesPerOrigin);
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
