import type { AskAddress, AskDefinition, AskOptions, Message, ServiceName, WorkDefinition } from '@stepwell/core';
import { AskDesk } from '../driver/ask-desk';
import type {
  AnyWork,
  AskContext,
  AskHandler,
  BusDriver,
  BusLog,
  IntakeLimits,
  WorkHandler,
} from '../driver/bus-driver';
import { SILENT_LOG, WorkNotQueued } from '../driver/bus-driver';
import type { Deadline } from '../driver/deadline-map';
import { DeadlineMap } from '../driver/deadline-map';
import type { Try } from '../driver/patient-ask';
import { askPatiently } from '../driver/patient-ask';
import { UniqueIds } from '../driver/unique-ids';
import type { MemoryMember } from './memory.broker';
import { MemoryBroker } from './memory.broker';
import { MemoryWorker } from './memory.worker';

export interface MemoryBusOptions {
  /** The name under which `{member}` reaches this process. Default `local`. */
  readonly member?: string;
  /** Shared by the members of one test or process. Default: one of its own. */
  readonly broker?: MemoryBroker;
  readonly log?: BusLog;
}

/**
 * The bus of one process: the same rules as over NATS (one contract suite holds both to them), without bytes. Messages are handed
 * over as they are; a handler never runs within the asker's or publisher's own turn.
 */
export class MemoryBus implements BusDriver, MemoryMember {
  readonly member: string;
  private readonly broker: MemoryBroker;
  private readonly log: BusLog;
  private readonly desk: AskDesk;
  private readonly ids = new UniqueIds();
  private readonly deadlines = new DeadlineMap<Deadline, Deadline>();
  private readonly served = new Map<string, ReadonlySet<number>>();
  private readonly workers: MemoryWorker[] = [];
  private readonly forgottenListeners = new Set<() => void>();
  private isOpen = true;

  constructor({ member = 'local', broker = new MemoryBroker(), log = SILENT_LOG }: MemoryBusOptions = {}) {
    this.member = member;
    this.broker = broker;
    this.log = log;
    this.desk = new AskDesk(log);
    broker.join(this);
  }

  ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>> {
    const { name, owner } = definition;
    const partition = typeof address === 'object' && 'partition' in address ? { partition: address.partition } : {};
    const context: AskContext = { askId: this.ids.next(), name, ...partition };
    const answer = askPatiently(
      {
        name,
        address,
        attempt: (timeoutMs) => this.attempt(owner, address, message, context, timeoutMs),
        mayGoOn: () => this.isOpen,
      },
      options,
    );
    // The catalogue ties the answer's type to the name; `MessagingServer`'s decorators hold the handler to it.
    return answer as Promise<Message<Answer>>;
  }

  publishWork<Item>(
    definition: WorkDefinition<Item>,
    effectId: string,
    message: Message<Item>,
  ): Promise<'queued' | 'already-queued'> {
    return new Promise((resolve) => {
      if (!this.isOpen) throw new WorkNotQueued(definition.name, effectId, 'the bus is closed');
      resolve(this.broker.queue(definition).publish(effectId, message));
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
    this.served.set(owner, new Set(partitions));
    return Promise.resolve();
  }

  answerAsks(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): Promise<void> {
    this.desk.take(owner, handlers);
    return Promise.resolve();
  }

  consumeWork(definition: AnyWork, handler: WorkHandler, limits: IntakeLimits): Promise<void> {
    const queue = this.broker.queue(definition);
    this.workers.push(new MemoryWorker(definition, queue, handler, limits, this.log));
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
    if (!this.isOpen) return;
    for (const worker of this.workers) worker.giveBackTheRest();
    this.broker.leave(this);
    await this.desk.idle();
    this.end();
  }

  /** For tests: as if the process had been killed. Its answers and acknowledgements are not heard any more. */
  kill(): void {
    this.broker.leave(this);
    for (const worker of this.workers) worker.die(this.broker.ackWaitMs);
    this.end();
  }

  takesAsksOf(owner: ServiceName): boolean {
    return this.desk.takes(owner);
  }

  serves(owner: ServiceName, partition: number): boolean {
    return this.served.get(owner)?.has(partition) ?? false;
  }

  async handle(owner: ServiceName, message: Message<unknown>, context: AskContext): Promise<Message<unknown>> {
    const answer = await this.desk.handle(owner, message, context);
    // A killed member's answer must not arrive.
    return this.isOpen ? answer : new Promise(() => undefined);
  }

  forgotten(): void {
    for (const listener of this.forgottenListeners) listener();
  }

  /** The first answer counts; when all who heard it keep silent, it may as well be asked again soon. */
  private attempt(
    owner: ServiceName,
    address: AskAddress,
    message: Message<unknown>,
    context: AskContext,
    timeoutMs: number,
  ): Promise<Try> {
    return new Promise((resolve) => {
      const hearers = this.broker.hearers(owner, address);
      if (hearers.length === 0) {
        resolve('unheard');
        return;
      }
      const settle = (outcome: Try): void => {
        this.deadlines.delete(deadline);
        resolve(outcome);
      };
      const deadline: Deadline = {
        dueAtMs: performance.now() + timeoutMs,
        expire: () => {
          resolve('unanswered');
        },
      };
      this.deadlines.set(deadline, deadline);
      let silent = 0;
      const keepSilent = (): void => {
        silent += 1;
        if (silent === hearers.length) settle('unheard');
      };
      for (const hearer of hearers) hearer.handle(owner, message, context).then(settle, keepSilent);
    });
  }

  private end(): void {
    this.isOpen = false;
    this.deadlines.clear();
  }
}
