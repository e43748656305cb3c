import fc from 'fast-check';
import { EntryCache } from './entry.cache';

const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe('EntryCache', () => {
  it('gives back what it was given', () => {
    const cache = new EntryCache(10_000);
    const entry = bytes(5);
    cache.put('run', 3, 'msg_3', entry);
    expect(cache.get('run', 3)).toBe(entry);
    expect(cache.get('run', 3, 'msg_3')).toBe(entry);
    expect(cache.get('run', 4)).toBeUndefined();
    expect(cache.get('other', 3)).toBeUndefined();
  });

  it('drops the run that was not needed for the longest time, whole (rule 1)', () => {
    const cache = new EntryCache(4_000);
    for (const run of ['a', 'b']) for (const index of [0, 1]) cache.put(run, index, `msg_${index}`, bytes(700));
    cache.touch('a');
    cache.put('c', 0, 'msg_0', bytes(700));
    expect([cache.get('a', 0), cache.get('a', 1), cache.get('c', 0)].every((each) => each !== undefined)).toBe(true);
    expect([cache.get('b', 0), cache.get('b', 1)]).toEqual([undefined, undefined]);
  });

  it('forgets a run whose entry has another id now (rule 2)', () => {
    const cache = new EntryCache(10_000);
    cache.put('run', 0, 'msg_0', bytes(1));
    cache.put('run', 1, 'msg_1', bytes(1));
    expect(cache.get('run', 0, 'msg_other')).toBeUndefined();
    expect(cache.get('run', 1)).toBeUndefined();
    expect(cache.sizeBytes).toBe(0);
  });

  it('never holds more than it may', () => {
    const put = fc.record({ run: fc.constantFrom('a', 'b', 'c'), index: fc.nat(20), size: fc.nat(3_000) });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 80 }), (puts) => {
        const cache = new EntryCache(5_000);
        for (const { run, index, size } of puts) {
          cache.put(run, index, `msg_${index}`, bytes(size));
          expect(cache.sizeBytes).toBeLessThanOrEqual(5_000);
          expect(cache.sizeBytes).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
