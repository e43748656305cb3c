/*
 * A frame in parts, sent at the pace of the server (L5). Two hundred parts in one turn were seen to fill the server's buffer for the
 * process that receives them, which is then cut off as too slow.
 */

/** 4 MiB between two questions whether the server has it all. */
const PARTS_AT_ONCE = 8;

/** What pacing needs of a connection. */
export interface PacedLink {
  isConnected(): boolean;
  /** Resolves when the server has seen all before it, or can't any more. */
  flushed(): Promise<void>;
}

/** A few leave in this turn; more are sent one burst after the other. Ends early when the connection does. */
export function publishPaced(
  link: PacedLink,
  frames: readonly Uint8Array[],
  publish: (frame: Uint8Array) => void,
): void {
  if (frames.length <= PARTS_AT_ONCE) for (const frame of frames) publish(frame);
  else void publishInBursts(link, frames, publish);
}

async function publishInBursts(
  link: PacedLink,
  frames: readonly Uint8Array[],
  publish: (frame: Uint8Array) => void,
): Promise<void> {
  for (let sent = 0; sent < frames.length && link.isConnected(); sent += PARTS_AT_ONCE) {
    if (sent > 0) await link.flushed();
    for (const frame of frames.slice(sent, sent + PARTS_AT_ONCE)) publish(frame);
  }
}
