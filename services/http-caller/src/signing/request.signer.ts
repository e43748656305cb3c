import type { KeyObject } from 'node:crypto';
import { createHash, createHmac, createSecretKey, hash } from 'node:crypto';
import { randomText } from '@stepwell/platform';

/*
 * Owns the `Upstash-Signature` of one attempt (protocol.md 4). Doesn't own the keys' rotation.
 *
 * 1. The hash is taken over exactly the pieces that are sent, in their order.
 * 2. Every attempt gets a fresh token: it is valid for five minutes, and a retry may come later than that.
 * 3. Only the current key signs; receivers fall back to the next one by themselves.
 */

const LIFETIME_S = 300;
const NOTHING = new Uint8Array();
const HEADER = base64UrlOfJson({ alg: 'HS256', typ: 'JWT' });

export class RequestSigner {
  private readonly key: KeyObject;

  /** @param key used as its UTF-8 bytes, not decoded. */
  constructor(key: string) {
    this.key = createSecretKey(key, 'utf8');
  }

  /** The JWT for a request to `url` (exactly as called) whose body is the concatenation of `pieces`. */
  sign(url: string, pieces: readonly Uint8Array[], nowMs: number): string {
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = base64UrlOfJson({
      iss: 'Upstash',
      sub: url,
      exp: issuedAt + LIFETIME_S,
      // Receivers allow no clock skew, so "not before" must lie in the past for every clock.
      nbf: 0,
      iat: issuedAt,
      jti: `jwt_${randomText(15)}`,
      body: hashOf(pieces),
    });
    const signed = `${HEADER}.${claims}`;
    return `${signed}.${createHmac('sha256', this.key).update(signed).digest('base64url')}`;
  }
}

function hashOf(pieces: readonly Uint8Array[]): string {
  const [whole = NOTHING] = pieces;
  if (pieces.length <= 1) return hash('sha256', whole, 'base64url');
  const pieceByPiece = createHash('sha256');
  for (const piece of pieces) pieceByPiece.update(piece);
  return pieceByPiece.digest('base64url');
}

function base64UrlOfJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
