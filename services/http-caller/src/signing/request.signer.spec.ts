import { createHash } from 'node:crypto';
import { Receiver } from '@upstash/qstash';
import fc from 'fast-check';
import { RequestSigner } from './request.signer';

const URL = 'https://app.example/api/flow?a=b';
const CURRENT = 'sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r';
const NEXT = 'sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs';

const receiver = new Receiver({ currentSigningKey: CURRENT, nextSigningKey: NEXT });
const verify = (signature: string, body: string, url = URL): Promise<boolean> =>
  receiver.verify({ signature, body, url });
const sign = (body: string, key = CURRENT, nowMs = Date.now()): string =>
  new RequestSigner(key).sign(URL, [Buffer.from(body)], nowMs);

describe('RequestSigner, as the unmodified client sees it (protocol.md 4)', () => {
  it('is believed, with the current key and with the next one', async () => {
    await expect(verify(sign('{"a":1}'), '{"a":1}')).resolves.toBe(true);
    await expect(verify(sign('{"a":1}', NEXT), '{"a":1}')).resolves.toBe(true);
  });

  it('signs the empty body of a lazy delivery', async () => {
    const signature = new RequestSigner(CURRENT).sign(URL, [], Date.now());
    await expect(verify(signature, '')).resolves.toBe(true);
  });

  it.each([
    ['another key', () => verify(sign('x', 'sig_other'), 'x')],
    ['another body', () => verify(sign('x'), 'y')],
    ['another URL', () => verify(sign('x'), 'x', 'https://app.example/other')],
    ['a token that is too old', () => verify(sign('x', CURRENT, Date.now() - 301_000), 'x')],
  ])('is not believed with %s', async (_what, attempt) => {
    await expect(attempt()).rejects.toThrow();
  });

  it('is good for a receiver whose clock is behind', async () => {
    await expect(verify(sign('x', CURRENT, Date.now() + 3_600_000), 'x')).resolves.toBe(true);
  });

  it('makes a fresh token for every attempt (rule 2)', () => {
    const now = Date.now();
    expect(sign('x', CURRENT, now)).not.toBe(sign('x', CURRENT, now));
  });

  it('carries the claims of the real service', () => {
    const decoded = (part: string | undefined): unknown => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    const parts = sign('x', CURRENT, 1_700_000_000_999).split('.');
    const [header, claims] = parts.slice(0, 2).map(decoded);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({
      iss: 'Upstash',
      sub: URL,
      exp: 1_700_000_300,
      nbf: 0,
      iat: 1_700_000_000,
      jti: expect.stringMatching(/^jwt_[\w-]{20}$/),
      body: createHash('sha256').update('x').digest('base64url'),
    });
  });

  it('covers every piece in order, however the body is cut (rule 1)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }), async (texts) => {
        const pieces = texts.map((text) => Buffer.from(text));
        const signature = new RequestSigner(CURRENT).sign(URL, pieces, Date.now());
        expect(await verify(signature, texts.join(''))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
