import { randomFillSync } from 'node:crypto';

/** Asking the system for a few bytes costs as much as asking it for some thousand. */
const pool = Buffer.alloc(8 * 1024);
let used = pool.byteLength;

/** That many random bytes, as base64url. @throws RangeError for more than 8,192 */
export function randomText(bytes: number): string {
  if (bytes > pool.byteLength) throw new RangeError(`${bytes} random bytes at once`);
  if (used + bytes > pool.byteLength) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('base64url', used - bytes, used);
}
