import fc from 'fast-check';
import { asStored, prefixRange } from './prefix.range';

const isIn = (text: string, { from, below }: ReturnType<typeof prefixRange>): boolean => {
  const bytes = Buffer.from(text);
  return bytes.compare(Buffer.from(from)) >= 0 && (below === undefined || bytes.compare(Buffer.from(below)) < 0);
};
const beginsWith = (text: string, prefix: string): boolean =>
  Buffer.from(text).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix));

describe('the range of texts with a prefix', () => {
  it.each([
    ['http://app/', 'http://app0'],
    ['a%_.*', 'a%_.+'],
    ['\u007f', '\u0080'],
    ['\ud7ff', '\ue000'],
    ['x\uffff', 'x\u{10000}'],
    ['x\u{10ffff}\u{10ffff}', 'y'],
    ['half a pair: \ud83d', 'half a pair: \ufffe'],
  ])('of %j ends before %j', (prefix, below) => {
    expect(prefixRange(prefix).below).toBe(below);
  });

  it.each([[''], ['\u{10ffff}']])('of %j has no end', (prefix) => {
    expect(prefixRange(prefix)).toEqual({ from: prefix });
  });

  it('holds exactly those that begin with its bytes', () => {
    // Characters around which UTF-8, UTF-16 and their orders differ, halves of pairs among them.
    const character = fc.constantFrom(
      ...['a', 'b', '\u0000', '\u007f', '\u0080', '\ud7ff', '\ud83d', '\ude00', '\ue000', '\ufffd', '\uffff'],
      ...['\u{10000}', '\u{1f600}', '\u{10ffff}'],
    );
    const text = fc.string({ unit: character, maxLength: 4 });
    fc.assert(
      fc.property(text, text, text, (prefix, rest, other) => {
        const range = prefixRange(prefix);
        for (const candidate of [prefix + rest, other, rest]) {
          expect(isIn(candidate, range)).toBe(beginsWith(candidate, prefix));
          expect(asStored(candidate).startsWith(asStored(prefix))).toBe(beginsWith(candidate, prefix));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
