import type {
  AskAddress,
  AskDefinition,
  AskOptions,
  DeliverItem,
  Message,
  ServiceName,
  WorkContext,
  WorkDefinition,
} from '@stepwell/core';
import { works } from '@stepwell/core';
import type { AnyWork, AskContext, AskHandler, BusDriver, BusLog, WorkHandler } from '@stepwell/messaging';
import type { AskTime, Try } from '@stepwell/messaging/testing';
import { AskDesk, askPatiently, judgeWork, WorkNotQueued } from '@stepwell/messaging/testing';
import type { BrokerMember, SimulatedBroker } from './simulated-broker';
import type { SimulatedProcess } from './simulated-process';
import type { QueuedItem, QueueWorker, SimulatedQueue } from './simulated-queue';
import type { World } from './world';
import { carry, toBroker, transit } from './world';

const PUB_ACK_TIMEOUT_MS = 5_000;

/**
 * A third driver of the bus, made of what the other two are made of: asks are repeated by the same patience, handled at the same desk,
 * work is judged by the same rule. The way between is the world's: everything may be lost, come late, twice, or overtake.
 */
export class SimulatedBus implements BusDriver, BrokerMember {
  readonly member: string;
  private readonly desk: AskDesk;
  private readonly served = new Map<string, ReadonlySet<number>>();
  private readonly workers: Worker[] = [];
  private readonly forgottenListeners = new Set<() => void>();
  private readonly time: AskTime;
  private isOpen = true;

  constructor(
    readonly process: SimulatedProcess,
    private readonly broker: SimulatedBroker,
    private readonly log: BusLog,
    private readonly queues: (item: DeliverItem, process: SimulatedProcess) => void,
  ) {
    this.member = process.name;
    this.desk = new AskDesk(log);
    this.time = {
      monotonicMs: () => process.monotonicMs(),
      after: (delayMs, callback) => process.after(delayMs, callback),
      random: () => this.world.chance.random(),
    };
    broker.join(this);
  }

  private get world(): World {
    return this.broker.world;
  }

  async ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>> {
    const { name, owner } = definition;
    const partition = typeof address === 'object' && 'partition' in address ? { partition: address.partition } : {};
    const context: AskContext = { askId: this.world.chance.id(), name, ...partition };
    const attempt = (timeoutMs: number): Promise<Try> => this.attempt(owner, address, message, context, timeoutMs);
    const answer = await askPatiently({ name, address, attempt, mayGoOn: () => this.isOpen }, options, this.time);
    return answer as Message<Answer>;
  }

  private attempt(
    owner: ServiceName,
    address: AskAddress,
    message: Message<unknown>,
    context: AskContext,
    timeoutMs: number,
  ): Promise<Try> {
    return new Promise((resolve) => {
      this.process.after(timeoutMs, () => {
        resolve('unanswered');
      });
      toBroker(this.world, this.process, () => {
        const hearers = this.broker.hearers(owner, address);
        if (hearers.length === 0) this.heardBy(() => resolve('unheard'));
        for (const hearer of hearers) {
          carry(this.world, this.process, hearer.process, 'asks', () => {
            // Rejects = keeps silent.
            hearer.handle(owner, message, context).then(
              (answer) => {
                carry(this.world, hearer.process, this.process, 'answers', () => {
                  resolve(answer);
                });
              },
              () => undefined,
            );
          });
        }
      });
    });
  }

  private heardBy(arrive: () => void): void {
    this.world.time.after(transit(this.world), () => {
      this.process.enter(arrive);
    });
  }

  publishWork<Item>(
    definition: WorkDefinition<Item>,
    effectId: string,
    message: Message<Item>,
  ): Promise<'queued' | 'already-queued'> {
    const { chance, weather, tally, time } = this.world;
    return new Promise((resolve, reject) => {
      if (!this.isOpen) throw new WorkNotQueued(definition.name, effectId, 'the bus is closed');
      if (definition.name === works.Deliver.name) this.queues(message.head as DeliverItem, this.process);
      const { refuse, loseAck } = weather.now.queue;
      const isRefused = chance.happens(refuse);
      const isUnknown = chance.happens(loseAck);
      if (isRefused) tally.count('queue: publishes lost');
      else if (isUnknown) tally.count('queue: PubAcks lost');
      if (isRefused || isUnknown) {
        this.process.after(PUB_ACK_TIMEOUT_MS, () => {
          reject(new WorkNotQueued(definition.name, effectId, 'no answer'));
        });
      }
      if (isRefused) return;
      time.after(transit(this.world), () => {
        const outcome = this.broker.queue(definition).publish(effectId, message, this.process.nowMs());
        if (!isUnknown) this.heardBy(() => resolve(outcome));
      });
    });
  }

  onWorkForgotten(listener: () => void): () => void {
    this.forgottenListeners.add(listener);
    return () => this.forgottenListeners.delete(listener);
  }

  isConnected(): boolean {
    return this.isOpen;
  }

  serve(owner: string, partitions: ReadonlySet<number>): Promise<void> {
    const served = new Set(partitions);
    return new Promise((resolve) => {
      this.world.time.after(transit(this.world), () => {
        this.served.set(owner, served);
        this.heardBy(resolve);
      });
    });
  }

  answerAsks(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): Promise<void> {
    this.desk.take(owner, handlers);
    return Promise.resolve();
  }

  consumeWork(definition: AnyWork, handler: WorkHandler): Promise<void> {
    this.workers.push(
      new Worker(this.world, this.process, definition, this.broker.queue(definition), handler, this.log),
    );
    return Promise.resolve();
  }

  stopIntake(): Promise<void> {
    for (const worker of this.workers) worker.stopIntake();
    return Promise.resolve();
  }

  async drain(grace: AbortSignal): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.drain(grace)));
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.giveBackTheRest();
    this.broker.leave(this);
    await this.desk.idle();
    this.isOpen = false;
  }

  takesAsksOf(owner: ServiceName): boolean {
    return this.desk.takes(owner);
  }

  serves(owner: ServiceName, partition: number): boolean {
    return this.served.get(owner)?.has(partition) ?? false;
  }

  handle(owner: ServiceName, message: Message<unknown>, context: AskContext): Promise<Message<unknown>> {
    return this.desk.handle(owner, message, context);
  }

  forgotten(): void {
    for (const listener of this.forgottenListeners) listener();
  }
}

/** One process's consumption of one stream. */
class Worker implements QueueWorker {
  private readonly inFlight = new Map<QueuedItem, number>();
  private readonly graceIsOver = new AbortController();
  private idleListeners: (() => void)[] = [];
  private isTaking = true;

  constructor(
    private readonly world: World,
    readonly process: SimulatedProcess,
    private readonly definition: AnyWork,
    private readonly queue: SimulatedQueue,
    private readonly handler: WorkHandler,
    private readonly log: BusLog,
  ) {
    queue.join(this);
    process.onEnd(() => {
      queue.leave(this);
    });
  }

  takesMore(): boolean {
    return this.isTaking;
  }

  isAt(item: QueuedItem, delivery: number): boolean {
    return this.inFlight.get(item) === delivery;
  }

  take(item: QueuedItem, delivery: number): void {
    this.inFlight.set(item, delivery);
    const context: WorkContext = {
      effectId: item.effectId,
      deliveryCount: delivery,
      queuedAt: item.queuedAt,
      working: () => undefined,
      signal: this.graceIsOver.signal,
    };
    void judgeWork(this.definition.name, this.handler, item.message, context, this.log).then((verdict) => {
      if (this.inFlight.get(item) !== delivery) return;
      this.inFlight.delete(item);
      this.say(item, delivery, verdict);
      if (this.inFlight.size === 0) this.tellIdle();
    });
  }

  stopIntake(): void {
    this.isTaking = false;
    this.queue.leave(this);
  }

  async drain(grace: AbortSignal): Promise<void> {
    if (this.inFlight.size === 0) return;
    await new Promise<void>((resolve) => {
      this.idleListeners.push(resolve);
      const giveBack = (): void => {
        this.giveBackTheRest();
      };
      grace.addEventListener('abort', giveBack, { once: true });
      if (grace.aborted) giveBack();
    });
  }

  giveBackTheRest(): void {
    this.stopIntake();
    this.graceIsOver.abort();
    for (const [item, delivery] of this.inFlight) this.say(item, delivery, { againAfterMs: 0 });
    this.inFlight.clear();
    this.tellIdle();
  }

  private say(item: QueuedItem, delivery: number, verdict: Parameters<SimulatedQueue['settle']>[2]): void {
    const { time, chance, weather, tally } = this.world;
    if (chance.happens(weather.now.queue.loseAck)) {
      tally.count('queue: acknowledgements lost');
      return;
    }
    time.after(transit(this.world), () => {
      this.queue.settle(item, delivery, verdict);
    });
  }

  private tellIdle(): void {
    for (const listener of this.idleListeners.splice(0)) listener();
  }
}
