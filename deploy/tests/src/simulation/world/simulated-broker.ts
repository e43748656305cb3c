import type { AskAddress, Message, ServiceName } from '@stepwell/core';
import { workStreams, works } from '@stepwell/core';
import type { AnyWork, AskContext } from '@stepwell/messaging';
import type { SimulatedProcess } from './simulated-process';
import { SimulatedQueue } from './simulated-queue';
import type { World } from './world';

export interface BrokerMember {
  readonly member: string;
  readonly process: SimulatedProcess;
  takesAsksOf(owner: ServiceName): boolean;
  serves(owner: ServiceName, partition: number): boolean;
  handle(owner: ServiceName, message: Message<unknown>, context: AskContext): Promise<Message<unknown>>;
  forgotten(): void;
}

/** NATS: who hears which ask, and the work streams. */
export class SimulatedBroker {
  private readonly queues = new Map<string, SimulatedQueue>();
  private readonly members = new Set<BrokerMember>();

  constructor(readonly world: World) {
    for (const [key, definition] of Object.entries(works) as [keyof typeof works, AnyWork][]) {
      this.queues.set(definition.name, new SimulatedQueue(world, definition, workStreams[key].ackWaitMs));
    }
  }

  queue(definition: AnyWork): SimulatedQueue {
    return this.queues.get(definition.name)!;
  }

  join(member: BrokerMember): void {
    this.members.add(member);
    member.process.onEnd(() => this.members.delete(member));
  }

  leave(member: BrokerMember): void {
    this.members.delete(member);
  }

  hearers(owner: ServiceName, address: AskAddress): BrokerMember[] {
    const able = [...this.members].filter((each) => each.takesAsksOf(owner));
    if (address === 'any') return able.length === 0 ? [] : [this.world.chance.pick(able)];
    if (address === 'all') return able;
    return 'partition' in address
      ? able.filter((each) => each.serves(owner, address.partition))
      : able.filter((each) => each.member === address.member);
  }

  /** It loses its disk (E3). Its members find out within seconds. */
  forget(): void {
    const { tally, time, chance } = this.world;
    for (const queue of this.queues.values()) tally.count('queue: work items forgotten', queue.forget());
    for (const member of this.members) {
      time.after(chance.between(10, 3_000), () => {
        member.process.enter(() => {
          member.forgotten();
        });
      });
    }
  }
}
