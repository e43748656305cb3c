import { FrameError } from '../frames/frame.error';

/*
 * The words a worker says about an item, and what the reply subject of an item says about it:
 * `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>.<random>`,
 * without domain, account and random on servers that don't know them.
 */

export const ACK = Buffer.from('+ACK');
export const WORKING = Buffer.from('+WPI');

const NANOS_PER_MS = 1_000_000;
const TOKENS_BEFORE_DOMAINS = 9;

export const nak = (delayMs: number): Buffer =>
  Buffer.from(delayMs > 0 ? `-NAK {"delay":${String(Math.round(delayMs * NANOS_PER_MS))}}` : '-NAK');

export interface AckReply {
  readonly deliveryCount: number;
  /** Unix ms. */
  readonly queuedAt: number;
}

/** @throws FrameError */
export function parseAckReply(reply: string): AckReply {
  const tokens = reply.split('.');
  const first = tokens.length === TOKENS_BEFORE_DOMAINS ? 4 : 6;
  const deliveryCount = Number(tokens[first]);
  const queuedAt = Math.floor(Number(tokens[first + 3]) / NANOS_PER_MS);
  if (!reply.startsWith('$JS.ACK.') || !Number.isInteger(deliveryCount) || !Number.isInteger(queuedAt)) {
    throw new FrameError(`${reply} is no reply subject of a work item`);
  }
  return { deliveryCount, queuedAt };
}
