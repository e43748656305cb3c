import { createHash } from 'node:crypto';
import type { BlobStore, NewBody } from '@stepwell/core';
import { MAX_INLINE_BODIES_BYTES, MAX_INLINE_BODY_BYTES } from '@stepwell/core';

/**
 * Which of a command's bodies become blobs: those over 256 KiB, and the largest ones until the rest fits into one entry (L3, L5).
 * They are written and journaled before anything names them; the same blob written twice is the same.
 */
export async function takeIn(blobs: BlobStore, runId: string, bodies: readonly Uint8Array[]): Promise<NewBody[]> {
  const asBlob = new Set<number>();
  let inlineBytes = 0;
  bodies.forEach((body, index) => {
    if (body.byteLength > MAX_INLINE_BODY_BYTES) asBlob.add(index);
    else inlineBytes += body.byteLength;
  });
  const bySize = [...bodies.keys()].sort((a, b) => (bodies[b]?.byteLength ?? 0) - (bodies[a]?.byteLength ?? 0));
  for (const index of bySize) {
    if (inlineBytes <= MAX_INLINE_BODIES_BYTES) break;
    if (asBlob.has(index)) continue;
    asBlob.add(index);
    inlineBytes -= bodies[index]?.byteLength ?? 0;
  }
  return Promise.all(
    bodies.map(async (body, index): Promise<NewBody> => {
      if (!asBlob.has(index)) return body;
      const sha256 = createHash('sha256').update(body).digest('hex');
      await blobs.put(runId, sha256, body);
      return { blob: sha256, sizeBytes: body.byteLength };
    }),
  );
}
