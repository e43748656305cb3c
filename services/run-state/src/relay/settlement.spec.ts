import fc from 'fast-check';
import { Settlement } from './settlement';

describe('settlement and checkpoint (E1)', () => {
  it('begins at the claim, and ends before what is not known to be committed', () => {
    const settlement = new Settlement(10);
    expect(settlement.checkpoint()).toEqual({ n: 10, holes: [] });
    settlement.append(11);
    settlement.append(12);
    settlement.committed(12, []);
    expect(settlement.checkpoint()).toEqual({ n: 10, holes: [] });
    settlement.committed(11, ['a', 'b']);
    expect(settlement.checkpoint()).toEqual({ n: 12, holes: [11] });
  });

  it('settles a position with its last effect', () => {
    const settlement = new Settlement(0);
    settlement.committed(1, ['a', 'b']);
    settlement.settle('a');
    settlement.settle('a');
    expect(settlement.checkpoint().holes).toEqual([1]);
    settlement.settle('b');
    expect(settlement.checkpoint()).toEqual({ n: 1, holes: [] });
    expect(settlement.unsettledCount).toBe(0);
  });

  it('counts an effect noted twice once, and ignores what it does not know', () => {
    const settlement = new Settlement(5);
    settlement.note('a', 3);
    settlement.note('a', 3);
    settlement.settle('unknown');
    settlement.settle('a');
    expect(settlement.checkpoint()).toEqual({ n: 5, holes: [] });
  });

  it('keeps the positions of what can not be read, whatever is settled', () => {
    const settlement = new Settlement(5);
    settlement.keepOpen(3);
    settlement.note('a', 3);
    settlement.settle('a');
    expect(settlement.checkpoint()).toEqual({ n: 5, holes: [3] });
  });

  describe('tells whoever waits for effects', () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const waiting = (settlement: Settlement, ...effectIds: string[]): { outcome: string } => {
      const seen = { outcome: 'waits' };
      settlement.whenSettled(effectIds).then(
        () => (seen.outcome = 'settled'),
        (error: unknown) => (seen.outcome = (error as Error).message),
      );
      return seen;
    };

    it('when the last of them is settled', async () => {
      const settlement = new Settlement(0);
      settlement.committed(1, ['a', 'b']);
      const both = waiting(settlement, 'a', 'b');
      settlement.settle('a');
      await turn();
      expect(both.outcome).toBe('waits');
      settlement.settle('b');
      await turn();
      expect(both.outcome).toBe('settled');
    });

    it('of what is not known here no earlier than recovery has noted what was left open', async () => {
      const settlement = new Settlement(10);
      const [done, open] = [waiting(settlement, 'done'), waiting(settlement, 'open')];
      await turn();
      expect(settlement.isSettled('done')).toBe(false);
      settlement.note('open', 3);
      settlement.recoveryIsThrough();
      await turn();
      expect([done.outcome, open.outcome]).toEqual(['settled', 'waits']);
      expect([settlement.isSettled('done'), settlement.isSettled('open')]).toEqual([true, false]);
      settlement.settle('open');
      await turn();
      expect(open.outcome).toBe('settled');
    });

    it('that nobody will settle them here, when the tenure ends', async () => {
      const settlement = new Settlement(0);
      settlement.committed(1, ['a']);
      const [known, unknown] = [waiting(settlement, 'a'), waiting(settlement, 'b')];
      settlement.end(new Error('over'));
      const late = waiting(settlement, 'a');
      await turn();
      expect([known.outcome, unknown.outcome, late.outcome]).toEqual(['over', 'over', 'over']);
    });
  });

  it('never leads, in whatever order things are committed and settled', () => {
    const step = fc.record({
      commit: fc.boolean(),
      n: fc.integer({ min: 1, max: 20 }),
      k: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(
        fc.array(step),
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 20, maxLength: 20 }),
        (steps, effects) => {
          const settlement = new Settlement(0);
          const open = new Map<number, Set<string>>();
          const committed = new Set<number>();
          for (let n = 1; n <= 20; n += 1) settlement.append(n);
          for (const { commit, n, k } of steps) {
            if (commit && !committed.has(n)) {
              const ids = Array.from({ length: effects[n - 1] ?? 0 }, (_, index) => `${n}:${index}`);
              open.set(n, new Set(ids));
              committed.add(n);
              settlement.committed(n, ids);
            } else if (!commit && committed.has(n)) {
              open.get(n)?.delete(`${n}:${k}`);
              settlement.settle(`${n}:${k}`);
            }
            const { n: upTo, holes } = settlement.checkpoint();
            for (let position = 1; position <= upTo; position += 1) {
              expect(committed.has(position)).toBe(true);
              expect(holes.includes(position)).toBe((open.get(position)?.size ?? 0) > 0);
            }
          }
        },
      ),
    );
  });
});
