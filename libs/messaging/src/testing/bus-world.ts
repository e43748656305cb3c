import type { DeliverItem, Message } from '@stepwell/core';
import { message } from '@stepwell/core';
import type { BusDriver } from '../driver/bus-driver';

/** One broker with nothing on it, and what a contract test does to it. */
export interface BusWorld {
  /** How long a dead worker's item waits for another: as short as the driver allows. */
  readonly ackWaitMs: number;
  /** A process of its own on this broker. */
  connect(member: string): Promise<BusDriver>;
  /** Ends that process as `kill -9` would. */
  kill(bus: BusDriver): Promise<void>;
  /** Closes what is still open. */
  end(): Promise<void>;
}

export interface WorldOptions {
  /** Limit of items per kind of work. */
  readonly maxItems?: number;
}

export type MakeBusWorld = (options: WorldOptions) => Promise<BusWorld>;

export const aDelivery = (effectId: string): Message<DeliverItem> =>
  message({
    effectId,
    partition: 7,
    runId: 'wfr_1',
    messageId: 'msg_1',
    attempt: 0,
    kind: 'step',
    url: 'http://127.0.0.1/workflow',
    method: 'POST',
    headers: [],
    timeoutMs: 1_000,
    eventAt: 0,
    segments: [],
    tail: [],
  });
