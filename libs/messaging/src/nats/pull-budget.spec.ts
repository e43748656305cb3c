import fc from 'fast-check';
import { PullBudget } from './pull-budget';

const LARGEST = 1024 * 1024;

describe('the pull budget', () => {
  test('never lets more in than the limits, and always goes on', () => {
    const commands = fc.array(fc.tuple(fc.constantFrom('arrive', 'finish', 'expire'), fc.nat(LARGEST)), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(20 * LARGEST), commands, (maxInFlight, maxBytes, steps) => {
        const budget = new PullBudget({ maxInFlight, maxBufferedBytes: maxBytes });
        const pulls: { messages: number; bytes: number }[] = [];
        const handled: number[] = [];
        const pull = (): void => {
          for (let size = budget.next(); size !== undefined; size = budget.next()) {
            expect(size.bytes).toBeGreaterThan(LARGEST);
            pulls.push({ ...size });
          }
        };
        pull();
        for (const [step, bytes] of steps) {
          const [oldest] = pulls;
          if (step === 'arrive' && oldest !== undefined) {
            if (bytes > oldest.bytes) budget.closed(pulls.shift() ?? oldest);
            else {
              oldest.messages -= 1;
              oldest.bytes -= bytes;
              budget.arrived(bytes);
              handled.push(bytes);
              // JetStream tells what was left of the bytes when the messages are complete, and the other way round.
              if (oldest.messages === 0) budget.closed({ messages: 0, bytes: pulls.shift()?.bytes ?? 0 });
            }
          } else if (step === 'finish') {
            const done = handled.shift();
            if (done !== undefined) budget.done(done);
          } else if (oldest !== undefined) budget.closed(pulls.shift() ?? oldest);
          pull();
          expect(handled.length).toBeLessThanOrEqual(maxInFlight);
          expect(handled.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(Math.max(maxBytes, 3 * LARGEST));
          if (handled.length === 0) expect(pulls.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('one free place is used while long items hold all others (H3)', () => {
    const budget = new PullBudget({ maxInFlight: 4, maxBufferedBytes: 1 });
    expect(budget.next()?.messages).toBe(4);
    for (let i = 0; i < 4; i += 1) budget.arrived(10);
    expect(budget.next()).toBeUndefined();
    budget.done(10);
    expect(budget.next()?.messages).toBe(1);
  });
});
