import fc from 'fast-check';
import { DueHeap } from './due.heap';

const id = fc.integer({ min: 0, max: 30 }).map((n) => `t${n}`);
const operation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), id, dueAt: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.record({ kind: fc.constant('take' as const), nowMs: fc.integer({ min: 0, max: 20 }) }),
);

describe('DueHeap', () => {
  it('agrees with a sorted list, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new DueHeap();
        const model = new Map<string, number>();
        const soonest = () => [...model].sort(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1))[0];
        for (const step of operations) {
          if (step.kind === 'set') {
            heap.set({ id: step.id, dueAt: step.dueAt });
            model.set(step.id, step.dueAt);
          } else if (step.kind === 'delete') {
            expect(heap.delete(step.id)).toBe(model.delete(step.id));
          } else {
            const expected = soonest();
            const isDue = expected !== undefined && expected[1] <= step.nowMs;
            expect(heap.takeDue(step.nowMs)?.id).toBe(isDue ? expected[0] : undefined);
            if (isDue) model.delete(expected[0]);
          }
          expect(heap.soonest?.id).toBe(soonest()?.[0]);
          expect(heap.size).toBe(model.size);
        }
      }),
    );
  });

  it('gives a hundred thousand back in order', () => {
    const heap = new DueHeap();
    const count = 100_000;
    for (let n = 0; n < count; n += 1) heap.set({ id: String(n), dueAt: (n * 7_919) % count });
    const taken = Array.from({ length: count }, () => heap.takeDue(Infinity)?.dueAt);
    expect(taken.every((dueAt, n) => dueAt === n)).toBe(true);
    expect(heap.size).toBe(0);
  });
});
