import { createHash } from 'node:crypto';
import type { BlobStore, NewBody } from '@stepwell/core';
import { MAX_INLINE_BODIES_BYTES, MAX_INLINE_BODY_BYTES } from '@stepwell/core';

/** A body that is too large for the log: to be written before an event may name it (L5). */
export interface NewBlob {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** A command's bodies as its decider sees them, and those that have to be written first. */
export interface Intake {
  readonly bodies: readonly NewBody[];
  readonly blobs: readonly NewBlob[];
}

/**
 * Which of a command's bodies become blobs: those over 256 KiB, and the largest ones until the rest fits into one entry (L3, L5).
 * Writes nothing: a refused command must leave no garbage, so {@link blobsNamedBy} is asked first.
 */
export function takeIn(bodies: readonly Uint8Array[]): Intake {
  const asBlob = tooLarge(bodies);
  if (asBlob.size === 0) return { bodies, blobs: [] };
  const blobs: NewBlob[] = [];
  const taken = bodies.map((bytes, index): NewBody => {
    if (!asBlob.has(index)) return bytes;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    blobs.push({ sha256, bytes });
    return { blob: sha256, sizeBytes: bytes.byteLength };
  });
  return { bodies: taken, blobs };
}

function tooLarge(bodies: readonly Uint8Array[]): ReadonlySet<number> {
  const asBlob = new Set<number>();
  let inlineBytes = 0;
  bodies.forEach((body, index) => {
    if (body.byteLength > MAX_INLINE_BODY_BYTES) asBlob.add(index);
    else inlineBytes += body.byteLength;
  });
  if (inlineBytes <= MAX_INLINE_BODIES_BYTES) return asBlob;
  const largestFirst = [...bodies.entries()].sort(([, a], [, b]) => b.byteLength - a.byteLength);
  for (const [index, body] of largestFirst) {
    if (inlineBytes <= MAX_INLINE_BODIES_BYTES) break;
    if (asBlob.has(index)) continue;
    asBlob.add(index);
    inlineBytes -= body.byteLength;
  }
  return asBlob;
}

/** The blobs that these events would name. */
export function blobsNamedBy(events: readonly { readonly data: object }[], blobs: readonly NewBlob[]): NewBlob[] {
  if (blobs.length === 0 || events.length === 0) return [];
  const text = JSON.stringify(events.map(({ data }) => data));
  return blobs.filter(({ sha256 }) => text.includes(`"blob":"${sha256}"`));
}

/** Durable when it resolves; the same blob written twice is the same. */
export async function writeBlobs(store: BlobStore, owner: string, blobs: readonly NewBlob[]): Promise<void> {
  await Promise.all(blobs.map(({ sha256, bytes }) => store.put(owner, sha256, bytes)));
}
