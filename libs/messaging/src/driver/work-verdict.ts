import type { Message, WorkContext } from '@stepwell/core';
import { GiveBack } from '@stepwell/core';
import type { BusLog, WorkHandler } from './bus-driver';

/** What becomes of an item when its handler is done with it. */
export type WorkVerdict = 'ack' | { readonly againAfterMs: number };

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 30_000;

function backOffMs(deliveryCount: number): number {
  return Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(deliveryCount - 1, 20));
}

/** Runs a handler and says what its end means; never rejects. Both drivers go by this one rule. */
export async function judgeWork(
  work: string,
  handler: WorkHandler,
  message: Message<unknown>,
  context: WorkContext,
  log: BusLog,
): Promise<WorkVerdict> {
  try {
    await handler(message, context);
    return 'ack';
  } catch (error) {
    if (error instanceof GiveBack) return { againAfterMs: Math.max(0, error.delayMs) };
    const againAfterMs = backOffMs(context.deliveryCount);
    const { effectId, deliveryCount } = context;
    log.error(
      { err: error, work, effectId, deliveryCount, againAfterMs },
      'a work handler failed; the item comes again',
    );
    return { againAfterMs };
  }
}
