import { createHash } from 'node:crypto';
import type { StoredEvent } from '@stepwell/core';

/** 64 bits of sha256 would find accidents as well; 128 cost nothing more and leave no argument. */
const SUM_BYTES = 16;

/**
 * One link of a stream's checksum chain (L6): covers the previous sum, so that a lost, repeated or exchanged entry is found as
 * surely as a changed byte. All lengths come before all contents, so no two different entries have the same input.
 */
export function chainSum(
  previousSum: string,
  entry: { stream: string; version: number; at: number; events: readonly StoredEvent[] },
): string {
  const head = [previousSum, entry.stream, entry.version, entry.at];
  const texts: string[] = [];
  for (const event of entry.events) {
    head.push(event.type.length, event.data.length, event.bodies.length);
    for (const body of event.bodies) head.push(body.byteLength);
    texts.push(event.type, event.data);
  }
  const hash = createHash('sha256').update(`${head.join('\n')}\n\n${texts.join('')}`);
  for (const event of entry.events) for (const body of event.bodies) hash.update(body);
  return hash.digest('hex').slice(0, SUM_BYTES * 2);
}
