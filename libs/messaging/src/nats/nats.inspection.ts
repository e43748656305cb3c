import type { AskAddress, AskDefinition, AskOptions, Message } from '@stepwell/core';
import { workFilter, works, workSubject } from '@stepwell/core';
import type { StreamConfig } from 'nats';
import { PartAssembler } from '../frames/part.assembler';
import { JetStreamApi } from './jetstream.api';
import { NatsAsker } from './nats.asker';
import { NatsLink } from './nats.link';
import type { NatsBusOptions } from './nats.options';
import { makeStreams } from './stream-maker';
import type { StreamPlan } from './stream-plan';
import { publicPlan, workPlans, workStreamAnyEpoch, workStreamName } from './stream-plan';

/** One planned stream, as it is found. */
export interface StreamReport {
  readonly name: string;
  /** `different`: made by another version, or by hand. */
  readonly state: 'there' | 'missing' | 'different';
  readonly hasConsumer: boolean;
  readonly messages: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly maxMessages: number;
  /** `max_bytes` is less than planned: the disk had no room for more when it was made. */
  readonly isSmall: boolean;
}

export interface NatsReport {
  readonly version: string;
  readonly hasJetStream: boolean;
}

/**
 * NATS as a tool looks at it that takes no part (`stepwell doctor`): makes nothing, serves nothing. {@link NatsInspection.mendStreams} is
 * what every service does when it starts.
 */
export class NatsInspection {
  private readonly assembler = new PartAssembler();
  private readonly asker: NatsAsker;
  private readonly api: JetStreamApi;

  constructor(
    private readonly link: NatsLink,
    private readonly options: NatsBusOptions,
  ) {
    this.asker = new NatsAsker(link, this.assembler);
    this.api = new JetStreamApi(link);
  }

  server(): NatsReport {
    const { version = 'of unknown version', jetstream } = this.link.connection.info ?? {};
    return { version, hasJetStream: jetstream === true };
  }

  streams(): Promise<StreamReport[]> {
    return Promise.all(this.plans().map((plan) => this.streamOf(plan)));
  }

  /** Work streams of other epochs than the store's. */
  async strayStreams(): Promise<string[]> {
    const found = await this.workStreams();
    return found.flatMap(({ name, epoch }) => (epoch === this.options.epoch ? [] : [name]));
  }

  /** The highest epoch that a work stream is of; undefined when there is none. */
  async newestEpoch(): Promise<number | undefined> {
    const epochs = (await this.workStreams()).flatMap(({ epoch }) => epoch ?? []);
    return epochs.length === 0 ? undefined : Math.max(...epochs);
  }

  /** @throws EpochIsOver, JetStreamError */
  async mendStreams(): Promise<void> {
    await makeStreams(this.api, this.plans(), this.link.log);
  }

  /** Whether that effect's item is queued or being worked on. */
  isQueued(work: keyof typeof works, effectId: string): Promise<boolean> {
    const definition = works[work];
    const subject = workSubject(definition.owner, definition.name, effectId);
    return this.api.hasMessage(workStreamName(definition, this.options.epoch), subject);
  }

  ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>> {
    return this.asker.ask(definition, address, message, options);
  }

  async close(): Promise<void> {
    await this.link.close();
    this.assembler.close();
  }

  /** All that take our work's subjects; those made by somebody else have no epoch. */
  private async workStreams(): Promise<{ readonly name: string; readonly epoch: number | undefined }[]> {
    const found = await Promise.all(
      Object.values(works).map(async (work) => {
        const names = await this.api.streamsOf(workFilter(work.owner, work.name));
        return names.map((name) => {
          const epoch = workStreamAnyEpoch(work).exec(name)?.[1];
          return { name, epoch: epoch === undefined ? undefined : Number(epoch) };
        });
      }),
    );
    return found.flat();
  }

  private plans(): StreamPlan[] {
    return [...workPlans(this.options), publicPlan(this.options)];
  }

  private async streamOf({ config, consumer }: StreamPlan): Promise<StreamReport> {
    const { name } = config;
    const info = await this.api.streamInfo(name);
    if (info === undefined) {
      const none = { messages: 0, bytes: 0, maxBytes: 0, maxMessages: 0, isSmall: false };
      return { name, state: 'missing', hasConsumer: false, ...none };
    }
    const { config: found, state } = info;
    return {
      name,
      state: isAsPlanned(config, found) ? 'there' : 'different',
      hasConsumer: consumer === undefined || (await this.api.hasConsumer(name, consumer.durable_name)),
      messages: state.messages,
      bytes: state.bytes,
      maxBytes: found.max_bytes,
      maxMessages: found.max_msgs,
      isSmall: found.max_bytes < config.max_bytes,
    };
  }
}

/** But for `max_bytes`: a stream may be smaller than planned (stream-maker.ts 3). */
function isAsPlanned({ max_bytes: _room, ...planned }: StreamPlan['config'], found: StreamConfig): boolean {
  return Object.entries(planned).every(
    ([key, value]) => JSON.stringify(found[key as keyof StreamConfig]) === JSON.stringify(value),
  );
}

/** @throws when there is no server by the time the signal says, or it refuses our credentials */
export async function inspectNats(options: NatsBusOptions): Promise<NatsInspection> {
  return new NatsInspection(await NatsLink.open(options), options);
}
