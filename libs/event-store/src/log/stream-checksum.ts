import { createHash, hash } from 'node:crypto';
import type { StoredEvent } from '@stepwell/core';

/** 64 bits of sha256 would find accidents as well; 128 cost nothing more and leave no argument. */
const SUM_BYTES = 16;
const COPIED_BYTES = 16 * 1024;

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
  const text = `${head.join('\n')}\n\n${texts.join('')}`;
  return sha256(
    text,
    entry.events.flatMap(({ bodies }) => bodies),
  ).slice(0, SUM_BYTES * 2);
}

/** Of the text and, after it, the bodies. Small ones are copied together: a hash that is fed piece by piece costs more than that. */
function sha256(text: string, bodies: readonly Uint8Array[]): string {
  if (bodies.length === 0) return hash('sha256', text);
  const bodyBytes = bodies.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (bodyBytes <= COPIED_BYTES) return hash('sha256', Buffer.concat([Buffer.from(text), ...bodies]));
  const pieceByPiece = createHash('sha256').update(text);
  for (const body of bodies) pieceByPiece.update(body);
  return pieceByPiece.digest('hex');
}
