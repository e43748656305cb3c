import fc from 'fast-check';
import type { ByteHold } from './byte.budget';
import { ByteBudget } from './byte.budget';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function asked(budget: ByteBudget, sizeBytes: number): { hold?: ByteHold } {
  const answer: { hold?: ByteHold } = {};
  void budget.hold(sizeBytes).then((hold) => (answer.hold = hold));
  return answer;
}

describe('ByteBudget', () => {
  it('is first come, first served (rule 1)', async () => {
    const budget = new ByteBudget(100);
    const [first, large, small] = [asked(budget, 60), asked(budget, 60), asked(budget, 10)];
    await settle();
    expect([first.hold, large.hold, small.hold].map((hold) => hold !== undefined)).toEqual([true, false, false]);
    first.hold?.release();
    await settle();
    expect([large.hold, small.hold].map((hold) => hold !== undefined)).toEqual([true, true]);
  });

  it('gives more than the whole to one who is alone (rule 2)', async () => {
    const budget = new ByteBudget(100);
    const huge = asked(budget, 1_000);
    const next = asked(budget, 1);
    await settle();
    expect([huge.hold !== undefined, next.hold !== undefined]).toEqual([true, false]);
    huge.hold?.release();
    huge.hold?.release();
    await settle();
    expect(next.hold).toBeDefined();
  });

  it('lets who has waited long enough give his turn up (rule 4)', async () => {
    const budget = new ByteBudget(100);
    const held = budget.tryHold(60);
    const patience = new AbortController();
    const impatient = budget.hold(90, patience.signal);
    const small = asked(budget, 40);
    expect(budget.tryHold(1)).toBeUndefined();
    patience.abort(new Error('too long'));
    await expect(impatient).rejects.toThrow('too long');
    await settle();
    expect(small.hold).toBeDefined();
    held?.release();
    small.hold?.release();
    expect(budget.tryHold(100)).toBeDefined();
  });

  it('counts what a hold turned out to need (rule 3)', async () => {
    const budget = new ByteBudget(100);
    const growing = asked(budget, 10);
    await settle();
    growing.hold?.resize(95);
    const next = asked(budget, 10);
    await settle();
    expect(next.hold).toBeUndefined();
    growing.hold?.resize(20);
    await settle();
    expect(next.hold).toBeDefined();
  });

  it('serves everybody in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(300), { maxLength: 30 }), async (sizes) => {
        const budget = new ByteBudget(100);
        const all = sizes.map((sizeBytes) => asked(budget, sizeBytes));
        for (let round = 0; round < sizes.length; round += 1) {
          await settle();
          all.find(({ hold }) => hold !== undefined)?.hold?.release();
          const served = all.findIndex(({ hold }) => hold !== undefined);
          if (served >= 0) all.splice(served, 1);
        }
        expect(all).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
