import type { LogDocument } from './log-driver';

// BSON: names, types, lengths and the position keys of arrays; generous, so that the estimate is never below the truth.
const DOCUMENT_OVERHEAD_BYTES = 256;
const EVENT_OVERHEAD_BYTES = 64;
const BODY_OVERHEAD_BYTES = 24;

/** An upper bound of the stored size: what is refused here must never reach the driver (L3). */
export function documentSizeBytes(document: LogDocument): number {
  let size = DOCUMENT_OVERHEAD_BYTES + Buffer.byteLength(document.stream) + document.sum.length;
  for (const event of document.events) {
    size += EVENT_OVERHEAD_BYTES + Buffer.byteLength(event.type) + Buffer.byteLength(event.data);
    for (const body of event.bodies) size += BODY_OVERHEAD_BYTES + body.byteLength;
  }
  return size;
}
