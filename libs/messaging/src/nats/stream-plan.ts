import type { AnyWork } from '../driver/bus-driver';
import type { ConsumerConfig, StreamConfig } from 'nats';
import { AckPolicy, DeliverPolicy, DiscardPolicy, ReplayPolicy, RetentionPolicy, StorageType } from 'nats';
import { publicStream, works, workStreams } from '@stepwell/core';
import type { NatsBusOptions } from './nats.options';

/*
 * What the streams and consumers have to look like: the table of core's `streams.ts` in JetStream's words (architecture.md E2).
 */

export interface StreamPlan {
  readonly config: Partial<StreamConfig> & {
    readonly name: string;
    readonly max_bytes: number;
    readonly subjects: string[];
  };
  readonly consumer?: Partial<ConsumerConfig> & { readonly durable_name: string };
  /** Matches this stream's name in any epoch. */
  readonly anyEpoch: RegExp;
  readonly epoch: number;
}

const NANOS_PER_MS = 1_000_000;

export const workStreamName = (work: AnyWork, epoch: number): string => `${tableRow(work).name}_E${String(epoch)}`;

/** Matches the stream's name in any epoch, and captures that. */
export const workStreamAnyEpoch = (work: AnyWork): RegExp => new RegExp(`^${tableRow(work).name}_E(\\d+)$`);

export const ackWaitMsOf = (work: AnyWork, { limits }: NatsBusOptions): number =>
  limits?.ackWaitMs ?? tableRow(work).ackWaitMs;

export const consumerOf = (work: AnyWork): string => tableRow(work).consumer;

export function workPlans(options: NatsBusOptions): StreamPlan[] {
  const { epoch, limits, replicas = 1 } = options;
  return Object.values(works).map((work) => {
    const row = tableRow(work);
    return {
      epoch,
      anyEpoch: workStreamAnyEpoch(work),
      config: {
        name: workStreamName(work, epoch),
        subjects: [row.filter],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.File,
        num_replicas: replicas,
        discard: DiscardPolicy.New,
        discard_new_per_subject: true,
        max_msgs_per_subject: 1,
        max_msgs: limits?.maxItems ?? row.maxMessages,
        max_bytes: limits?.maxBytes ?? row.maxBytes,
        max_age: 0,
      },
      consumer: {
        durable_name: row.consumer,
        ack_policy: AckPolicy.Explicit,
        ack_wait: ackWaitMsOf(work, options) * NANOS_PER_MS,
        deliver_policy: DeliverPolicy.All,
        replay_policy: ReplayPolicy.Instant,
        max_deliver: -1,
        max_ack_pending: row.maxAckPending,
      },
    };
  });
}

export function publicPlan({ replicas = 1, limits }: Pick<NatsBusOptions, 'replicas' | 'limits'>): StreamPlan {
  const { name, subjects, maxAgeMs, maxBytes, maxMessages, duplicateWindowMs } = publicStream;
  return {
    epoch: 0,
    anyEpoch: /^$/,
    config: {
      name,
      subjects: [...subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      num_replicas: replicas,
      discard: DiscardPolicy.Old,
      max_msgs: maxMessages,
      max_bytes: limits?.maxBytes ?? maxBytes,
      max_age: maxAgeMs * NANOS_PER_MS,
      duplicate_window: duplicateWindowMs * NANOS_PER_MS,
    },
  };
}

function tableRow(work: AnyWork): (typeof workStreams)[keyof typeof workStreams] {
  const row = Object.entries(workStreams).find(([name]) => name === work.name)?.[1];
  if (row === undefined) throw new Error(`there is no stream for ${work.name} in the table`);
  return row;
}
