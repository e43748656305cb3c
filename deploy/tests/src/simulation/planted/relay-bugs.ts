import type { DeliverItem, Message, TellMailboxesRequest } from '@stepwell/core';
import { asks, message, works } from '@stepwell/core';
import type { BusDriver } from '@stepwell/messaging';
import type { RunStateParts } from '@stepwell/run-state/testing';
import type { SimulatedProcess } from '../world/simulated-process';
import { overriding } from './overriding';
import { planted } from './planted-bug';

interface Sent {
  readonly effectId: string;
  readonly item: Message<DeliverItem>;
  readonly atMs: number;
}

const RECENT_MS = 60_000;

/** E2: a take-over sends what the last entries once caused, and not what their streams owe now. */
export const resentOldEvent = planted('re-send of an old event', 'recovery goes by events, not by state', () => {
  const sent: Sent[] = [];
  const buses = new Map<SimulatedProcess, BusDriver>();
  return {
    bus: (bus, role, process) => {
      if (role !== 'run-state') return bus;
      buses.set(process, bus);
      return overriding(bus, {
        publishWork: (definition, effectId, work) => {
          if (definition.name === works.Deliver.name) {
            sent.push({ effectId, item: work as Message<DeliverItem>, atMs: process.monotonicMs() });
          }
          return bus.publishWork(definition, effectId, work);
        },
      });
    },
    runStateStore: (store, process) => ({
      ...store,
      log: overriding(store.log, {
        claim: async (partition, signal) => {
          const tenure = await store.log.claim(partition, signal);
          const since = process.monotonicMs() - RECENT_MS;
          for (const { effectId, item, atMs } of sent) {
            if (item.head.partition !== partition || atMs < since) continue;
            void buses
              .get(process)
              ?.publishWork(works.Deliver, effectId, item)
              .catch(() => undefined);
          }
          return tenure;
        },
      }),
    }),
  };
});

/** E1: whoever has queued an item takes it for done. */
export const settledByPubAck = planted('settled by PubAck', 'the broker’s word counts as the worker’s', () => {
  const services = new Map<SimulatedProcess, RunStateParts>();
  return {
    runState: (parts, process) => {
      services.set(process, parts);
    },
    bus: (bus, role, process) => {
      if (role !== 'run-state') return bus;
      return overriding(bus, {
        publishWork: async (definition, effectId, work) => {
          const outcome = await bus.publishWork(definition, effectId, work);
          const { partition } = work.head as unknown as DeliverItem;
          for (const host of services.get(process)?.runtime.registry.hosts() ?? []) {
            if (host.tenure.partition === partition) host.settle(effectId);
          }
          return outcome;
        },
      });
    },
  };
});

/** Section 4: a waiter that the run believes to be registered. */
export const droppedWaiter = planted('dropped waiter', 'now and then a registration gets lost on its way', () => {
  let registrations = 0;
  return {
    bus: (bus, role) => {
      if (role !== 'run-state') return bus;
      return overriding(bus, {
        ask: (definition, address, request, options) => {
          if (definition.name !== asks.TellMailboxes.name) return bus.ask(definition, address, request, options);
          const { tells } = request.head as unknown as TellMailboxesRequest;
          const kept = tells.filter(({ kind }) => kind !== 'register' || (registrations += 1) % 5 !== 0);
          const told = message({ tells: kept }, request.bodies) as unknown as typeof request;
          return bus.ask(definition, address, told, options);
        },
      });
    },
  };
});
