import fc from 'fast-check';
import { decodeBase64, encodeBase64, encodeBase64Text, encodeBase64UrlText, writeBase64 } from './base64';

const bytes = fc.uint8Array({ maxLength: 200, size: 'max' });

describe('base64', () => {
  it('encodes as Node does, at any address', () => {
    fc.assert(
      fc.property(bytes, fc.nat(5), (source, offset) => {
        const expected = Buffer.from(source).toString('base64');
        expect(encodeBase64Text(source)).toBe(expected);
        expect(encodeBase64UrlText(source)).toBe(Buffer.from(source).toString('base64url'));
        const target = new Uint8Array(offset + expected.length + 3);
        const end = writeBase64(source, target, offset);
        expect(end).toBe(offset + expected.length);
        expect(Buffer.from(target).toString('latin1')).toBe('\0'.repeat(offset) + expected + '\0\0\0');
      }),
    );
  });

  it.each([1_023, 1_024, 1_025, 1_026, 9_999])('encodes %p bytes as Node does, at even and odd addresses', (length) => {
    const source = Uint8Array.from({ length }, (_, i) => (i * 7_919) >> 3);
    const expected = Buffer.from(source).toString('base64');
    for (const offset of [0, 1, 2, 3]) {
      const target = new Uint8Array(offset + expected.length).subarray(offset);
      expect(writeBase64(source, target, 0)).toBe(expected.length);
      expect(Buffer.from(target).toString('latin1')).toBe(expected);
    }
    expect(decodeBase64(expected)).toEqual(source);
  });

  it('encodes a view into a larger buffer', () => {
    const whole = Uint8Array.from([9, 1, 2, 3, 9]);
    expect(encodeBase64Text(whole.subarray(1, 4))).toBe('AQID');
  });

  it('decodes what it encodes, padded or not', () => {
    fc.assert(
      fc.property(bytes, (source) => {
        const encoded = encodeBase64(source);
        expect(decodeBase64(encoded)).toEqual(source);
        expect(decodeBase64(encodeBase64Text(source).replaceAll('=', ''))).toEqual(source);
      }),
    );
  });

  it.each([
    'A',
    'AAAAA',
    'A===',
    'AA=',
    'AA=A',
    '====',
    '=',
    '==',
    'A A=',
    'AAAA\n',
    '-_-_',
    'AB==',
    'AAB=',
    'Ā',
    'é',
    'AAAA====',
  ])('refuses %p', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it('is total, and takes a text for bytes only if it is their encoding', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[AB+/=]{0,9}$/)), (text) => {
        const decoded = decodeBase64(text);
        if (decoded === undefined) return;
        expect([encodeBase64Text(decoded), encodeBase64Text(decoded).replaceAll('=', '')]).toContain(text);
      }),
      { numRuns: 1_000 },
    );
  });
});
