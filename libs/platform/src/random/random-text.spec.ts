import { randomText } from './random-text';

describe('randomText', () => {
  it('is as long as its bytes say', () => {
    expect([randomText(3), randomText(12), randomText(16)].map(({ length }) => length)).toEqual([4, 16, 22]);
  });

  it('never says the same twice, also where its pool is filled anew', () => {
    const texts = Array.from({ length: 5_000 }, () => randomText(12));
    expect(new Set(texts).size).toBe(5_000);
    for (const text of texts) expect(text).toMatch(/^[\w-]{16}$/);
  });

  it('gives as many at once as it has, and no more', () => {
    expect(randomText(8 * 1024)).toHaveLength(Math.ceil((8 * 1024 * 4) / 3));
    expect(() => randomText(8 * 1024 + 1)).toThrow(RangeError);
  });
});
