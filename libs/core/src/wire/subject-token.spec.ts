import fc from 'fast-check';
import { decodeSubjectToken, subjectToken } from './subject-token';

/** The inverse, which exists only if no two texts share a token. */
function textOf(token: string): string {
  if (token.startsWith('b64_')) return Buffer.from(token.slice(4), 'base64url').toString('utf8');
  if (token.startsWith('u16_')) return Buffer.from(token.slice(4), 'base64url').swap16().toString('utf16le');
  return token;
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe000 })).map((units) => String.fromCharCode(...units)),
  fc.stringMatching(/^(b64_|u16_)?[\w.*> -]{0,12}$/),
);

describe('subjectToken', () => {
  it('leaves plain names readable', () => {
    expect(subjectToken('onboarding')).toBe('onboarding');
    expect(subjectToken('wfr_0N2S52-x')).toBe('wfr_0N2S52-x');
  });

  it('encodes the rest', () => {
    expect(subjectToken('a.b')).toBe('b64_YS5i');
    expect(subjectToken('')).toBe('b64_');
    expect(subjectToken('b64_YS5i')).toBe('b64_YjY0X1lTNWk');
    expect(subjectToken('u16_x')).toMatch(/^b64_/);
    expect(subjectToken('plain\n')).toMatch(/^b64_/);
    expect(subjectToken('\ud800')).not.toBe(subjectToken('\ufffd'));
  });

  it('is one token, and tells every two texts apart', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const token = subjectToken(text);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(textOf(token)).toBe(text);
        expect(decodeSubjectToken(token)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
