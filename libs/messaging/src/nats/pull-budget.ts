import type { IntakeLimits } from '../driver/bus-driver';

/*
 * How much may still be asked of a pull consumer.
 *
 * 1. What is handled and what is on its way together stay within the limits.
 * 2. A pull asks for at least one message of the largest size, so that none can be refused as too large for it.
 * 3. While a pull is open, another is made only for half of the limit or more: many small pulls would cost more than the work. With
 *    none open, any room will do: a few items that take hours must not hold up the rest (H3).
 */

/** The largest message JetStream delivers, with subject and reply. */
const LARGEST_ITEM_BYTES = 1024 * 1024 + 8 * 1024;

export interface PullSize {
  readonly messages: number;
  readonly bytes: number;
}

export class PullBudget {
  private readonly limits: IntakeLimits;
  private handled = { messages: 0, bytes: 0 };
  private open = { messages: 0, bytes: 0 };

  constructor({ maxInFlight, maxBufferedBytes }: IntakeLimits) {
    this.limits = { maxInFlight, maxBufferedBytes: Math.max(maxBufferedBytes, 2 * LARGEST_ITEM_BYTES) };
  }

  /** What to pull now, taken as open. */
  next(): PullSize | undefined {
    const { maxInFlight, maxBufferedBytes } = this.limits;
    const messages = maxInFlight - this.handled.messages - this.open.messages;
    const bytes = maxBufferedBytes - this.handled.bytes - this.open.bytes;
    if (messages < 1 || bytes < LARGEST_ITEM_BYTES) return undefined;
    const isWorthIt = this.open.messages === 0 || (messages * 2 >= maxInFlight && bytes * 2 >= maxBufferedBytes);
    if (!isWorthIt) return undefined;
    // Half of the bytes are kept for the next pull, so that there can be one while this is open.
    const share = Math.max(LARGEST_ITEM_BYTES, Math.floor(bytes / 2));
    this.open = { messages: this.open.messages + messages, bytes: this.open.bytes + share };
    return { messages, bytes: share };
  }

  arrived(bytes: number): void {
    this.handled = { messages: this.handled.messages + 1, bytes: this.handled.bytes + bytes };
    this.closed({ messages: 1, bytes });
  }

  done(bytes: number): void {
    this.handled = { messages: this.handled.messages - 1, bytes: this.handled.bytes - bytes };
  }

  /** A pull ended with this much undelivered. */
  closed({ messages, bytes }: PullSize): void {
    const left = Math.max(0, this.open.messages - messages);
    this.open = { messages: left, bytes: left === 0 ? 0 : Math.max(0, this.open.bytes - bytes) };
  }

  /** No pull is known to be open any more. */
  reset(): void {
    this.open = { messages: 0, bytes: 0 };
  }
}
