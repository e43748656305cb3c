import { DeliveryDelays } from './delivery-delays';

const A = 'http://a.example/flow';
const B = 'http://b.example:81/flow?x=/y';

describe('DeliveryDelays', () => {
  let nowMs = 0;
  const delays = (): DeliveryDelays => {
    nowMs = 0;
    return new DeliveryDelays({ monotonicMs: () => nowMs }, 2_000);
  };
  /** So long, fifty a second. */
  const waits = (of: DeliveryDelays, url: string, waitedMs: number, forMs: number): void => {
    for (const end = nowMs + forMs; nowMs < end; nowMs += 20) of.note(url, waitedMs);
  };

  it('is behind when even the shortest waits of a second are too long, by origin', () => {
    const known = delays();
    expect(known.isBehind(A)).toBe(false);
    waits(known, A, 3_000, 2_500);
    expect([known.isBehind(A), known.isBehind('http://a.example/other'), known.isBehind(B)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is not when few wait', () => {
    const known = delays();
    for (let delivery = 0; delivery < 100; delivery += 1, nowMs += 100) known.note(A, 3_000);
    expect(known.isBehind(A)).toBe(false);
  });

  it('is not for a burst, nor when one in ten is quick', () => {
    const known = delays();
    waits(known, A, 3_000, 900);
    expect(known.isBehind(A)).toBe(false);
    for (let second = 0; second < 5; second += 1) {
      waits(known, A, 3_000, 900);
      waits(known, A, 5, 100);
      expect(known.isBehind(A)).toBe(false);
    }
  });

  it('is over with the first that is quick, or when nothing is heard', () => {
    const known = delays();
    waits(known, A, 3_000, 2_500);
    known.note(A, 10);
    expect(known.isBehind(A)).toBe(false);
    waits(known, A, 3_000, 2_500);
    expect(known.isBehind(A)).toBe(true);
    nowMs += 6_000;
    expect(known.isBehind(A)).toBe(false);
  });

  it('forgets the origins of which it heard longest ago', () => {
    const known = delays();
    waits(known, A, 3_000, 2_500);
    for (let other = 0; other < 1_000; other += 1) known.note(`http://${other}.example/`, 1);
    expect(known.isBehind(A)).toBe(false);
  });
});
