import type { AskAddress, Message, ServiceName } from '@stepwell/core';
import { workStreams, works } from '@stepwell/core';
import type { AnyWork, AskContext } from '../driver/bus-driver';
import type { QueueLimits } from './memory.work-queue';
import { MemoryWorkQueue } from './memory.work-queue';

/** One member as the broker sees it: whom asks can be handed to. */
export interface MemoryMember {
  readonly member: string;
  takesAsksOf(owner: ServiceName): boolean;
  serves(owner: ServiceName, partition: number): boolean;
  handle(owner: ServiceName, message: Message<unknown>, context: AskContext): Promise<Message<unknown>>;
  forgotten(): void;
}

export interface MemoryBrokerOptions {
  /** How long a dead member's items wait for another. Default: as in the stream table. */
  readonly ackWaitMs?: number;
  /** Of each kind of work. */
  readonly limits?: QueueLimits;
}

const DEFAULT_LIMITS: QueueLimits = { maxItems: 500_000, maxBytes: 512 * 1024 * 1024 };

/**
 * What NATS is to five processes: the place where the members of one process (or of one test) meet. Keeps nothing; when the
 * process ends, the log knows what is still owed (E2).
 */
export class MemoryBroker {
  readonly ackWaitMs: number;
  private readonly queues = new Map<string, MemoryWorkQueue>();
  private readonly members = new Set<MemoryMember>();
  private turn = 0;

  constructor({ ackWaitMs = workStreams.Deliver.ackWaitMs, limits = DEFAULT_LIMITS }: MemoryBrokerOptions = {}) {
    this.ackWaitMs = ackWaitMs;
    for (const definition of Object.values(works)) {
      this.queues.set(definition.name, new MemoryWorkQueue(definition, limits));
    }
  }

  queue(definition: AnyWork): MemoryWorkQueue {
    const queue = this.queues.get(definition.name);
    if (queue === undefined) throw new Error(`there is no work called ${definition.name} in the catalogue`);
    return queue;
  }

  join(member: MemoryMember): void {
    this.members.add(member);
  }

  leave(member: MemoryMember): void {
    this.members.delete(member);
  }

  /** Who hears an ask: all who serve the partition (a hand-over may overlap), one of the processes, or the named one. */
  hearers(owner: ServiceName, address: AskAddress): MemoryMember[] {
    const able = [...this.members].filter((each) => each.takesAsksOf(owner));
    if (address === 'any') {
      this.turn += 1;
      const chosen = able[this.turn % Math.max(1, able.length)];
      return chosen === undefined ? [] : [chosen];
    }
    if (address === 'all') return able;
    return 'partition' in address
      ? able.filter((each) => each.serves(owner, address.partition))
      : able.filter((each) => each.member === address.member);
  }

  /** For tests of E3: loses all queued work, and its members notice. */
  forget(): void {
    for (const queue of this.queues.values()) queue.forget();
    for (const member of this.members) member.forgotten();
  }
}
