import { createHash } from 'node:crypto';
import { CorruptBlob } from './store';

/** The bytes, if they are what their name says. @throws CorruptBlob */
export function verifiedBlob(run: string, sha256: string, bytes: Uint8Array): Uint8Array {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new CorruptBlob(run, sha256);
  return bytes;
}
