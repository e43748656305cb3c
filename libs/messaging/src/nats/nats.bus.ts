import type {
  AskAddress,
  AskDefinition,
  AskOptions,
  Message,
  ServiceName,
  TopicPublisher,
  WorkDefinition,
} from '@stepwell/core';
import type { AnyWork, AskHandler, BusDriver, IntakeLimits, WorkHandler } from '../driver/bus-driver';
import { PartAssembler } from '../frames/part.assembler';
import { discoverEpoch } from './epoch.discovery';
import { NatsAskServer } from './nats.ask-server';
import { NatsAsker } from './nats.asker';
import { NatsLink } from './nats.link';
import type { NatsBusOptions } from './nats.options';
import { NatsTopicPublisher } from './nats.topic-publisher';
import { NatsWorkConsumer } from './nats.work-consumer';
import { NatsWorkPublisher } from './nats.work-publisher';
import { StreamKeeper } from './stream-keeper';
import { ackWaitMsOf, consumerOf, publicPlan, workPlans, workStreamName } from './stream-plan';

/** Waits for a NATS that isn't there yet, makes the streams, and from then on keeps the connection up for ever. */
export async function connectNatsBus(
  options: Omit<NatsBusOptions, 'epoch'> & { readonly epoch?: number },
): Promise<NatsBus> {
  const link = await NatsLink.open(options);
  let bus: NatsBus | undefined;
  try {
    bus = new NatsBus(link, { ...options, epoch: options.epoch ?? (await discoverEpoch(link, options.signal)) });
    await bus.ensureStreams();
    return bus;
  } catch (error) {
    await (bus ?? link).abandon();
    throw error;
  }
}

/** The bus between processes: asks over core NATS, work over JetStream, both through one reply mux. Put together here only. */
export class NatsBus implements BusDriver {
  readonly member: string;
  readonly topics: TopicPublisher;
  private readonly assembler = new PartAssembler();
  private readonly keeper: StreamKeeper;
  private readonly asker: NatsAsker;
  private readonly askServer: NatsAskServer;
  private readonly workPublisher: NatsWorkPublisher;
  private readonly consumers: NatsWorkConsumer[] = [];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly options: NatsBusOptions,
  ) {
    this.member = options.member ?? options.name;
    this.keeper = new StreamKeeper(link, [...workPlans(options), publicPlan(options)]);
    this.topics = new NatsTopicPublisher(link, this.keeper);
    this.asker = new NatsAsker(link, this.assembler);
    this.askServer = new NatsAskServer(link, this.assembler, this.member);
    this.workPublisher = new NatsWorkPublisher(link, this.keeper, options.epoch);
    link.onReconnect(() => {
      for (const consumer of this.consumers) consumer.beginAnew();
    });
  }

  /** Idempotent; five processes may do it at once. Rejects only when the store was restored to a newer epoch meanwhile. */
  ensureStreams(): Promise<void> {
    return this.keeper.ensureStreams();
  }

  ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>> {
    return this.asker.ask(definition, address, message, options);
  }

  publishWork<Item>(
    definition: WorkDefinition<Item>,
    effectId: string,
    message: Message<Item>,
  ): Promise<'queued' | 'already-queued'> {
    return this.workPublisher.publish(definition, effectId, message);
  }

  onWorkForgotten(listener: () => void): () => void {
    return this.keeper.onLoss(listener);
  }

  isConnected(): boolean {
    return this.link.isConnected();
  }

  serve(owner: string, partitions: ReadonlySet<number>): Promise<void> {
    return this.askServer.serve(owner, partitions);
  }

  answerAsks(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): Promise<void> {
    return this.askServer.answerAsks(owner, handlers);
  }

  consumeWork(definition: AnyWork, handler: WorkHandler, limits: IntakeLimits): Promise<void> {
    const source = {
      stream: workStreamName(definition, this.options.epoch),
      consumer: consumerOf(definition),
      ackWaitMs: ackWaitMsOf(definition, this.options),
      missing: () => {
        this.keeper.lookAgain();
      },
    };
    this.consumers.push(new NatsWorkConsumer(this.link, definition, source, handler, limits));
    return this.link.flushed();
  }

  async stopIntake(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stopIntake()));
  }

  async drain(grace: AbortSignal): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.drain(grace)));
  }

  close(): Promise<void> {
    this.closing ??= this.closeInOrder();
    return this.closing;
  }

  /** Ends the connection without a word: what runs is given back by the ack wait, as if the process had been killed. */
  async abandon(): Promise<void> {
    for (const consumer of this.consumers) consumer.abandon();
    this.keeper.close();
    this.assembler.close();
    await this.link.abandon();
  }

  private async closeInOrder(): Promise<void> {
    await this.stopIntake();
    for (const consumer of this.consumers) consumer.close();
    await this.askServer.close();
    this.keeper.close();
    await this.link.close();
    this.assembler.close();
  }
}
