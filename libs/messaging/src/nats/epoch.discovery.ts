import { setTimeout as delay } from 'node:timers/promises';
import { workFilter, works } from '@stepwell/core';
import { JetStreamApi } from './jetstream.api';
import type { NatsLink } from './nats.link';
import { workStreamAnyEpoch } from './stream-plan';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;

/**
 * The epoch for a process without a store: that of the work streams which run-state, whose store knows it, has made. Waits for them.
 * @throws `signal`'s reason
 */
export async function discoverEpoch(link: NatsLink, signal?: AbortSignal): Promise<number> {
  const api = new JetStreamApi(link);
  const { owner, name } = works.Deliver;
  const pattern = workStreamAnyEpoch(works.Deliver);
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
    signal?.throwIfAborted();
    try {
      const streams = await api.streamsOf(workFilter(owner, name));
      const epochs = streams.flatMap((stream) => pattern.exec(stream)?.[1] ?? []).map(Number);
      if (epochs.length > 0) return Math.max(...epochs);
      link.log.info({ retryMs }, 'waiting for run-state to make the work streams');
    } catch (error) {
      link.log.warn({ err: error, retryMs }, 'waiting for JetStream');
    }
    await delay(retryMs, undefined, signal === undefined ? {} : { signal });
  }
}
