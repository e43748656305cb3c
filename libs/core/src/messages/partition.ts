import { PARTITIONS } from '../ports/event-log.port';

/*
 * Which partition a stream lives in: fixed for ever (L1). Whoever asks a stream's owner and the owner itself must agree, over
 * all versions of this program, so neither the function nor the names of streams may ever change; the spec holds golden values.
 */

/** The stream of a workflow run. */
export const runStream = (runId: string): string => `run-${runId}`;

/** The stream of one event id: who waits for it, and what is kept for runs that don't wait yet (protocol.md 8.4, 8.5). */
export const mailboxStream = (eventId: string): string => `mailbox-${eventId}`;

/** FNV-1a over the UTF-8 bytes, finished as in MurmurHash3: without that, FNV's low bits know only the low bits of each byte. */
export function partitionOf(stream: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8.encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % PARTITIONS;
}

const utf8 = new TextEncoder();
