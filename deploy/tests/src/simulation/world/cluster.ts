import type { AnnounceItem, CallOutItem, DeliverItem, Message, WorkContext } from '@stepwell/core';
import { works } from '@stepwell/core';
import { assembleAnnouncer } from '@stepwell/event-notifier/testing';
import { MemoryData } from '@stepwell/event-store';
import { GatewayConfig } from '@stepwell/gateway';
import { assembleDesks } from '@stepwell/gateway/testing';
import { HttpCallerConfig } from '@stepwell/http-caller';
import type { OutboundClient } from '@stepwell/http-caller/testing';
import { assembleHttpCaller, unwatchedMetrics } from '@stepwell/http-caller/testing';
import type { AnyWork, BusDriver, WorkHandler } from '@stepwell/messaging';
import { configFrom } from '@stepwell/platform';
import { RunStateSettings } from '@stepwell/run-state';
import type { RunStateStore } from '@stepwell/run-state/testing';
import { assembleRunState } from '@stepwell/run-state/testing';
import { SchedulerSettings } from '@stepwell/scheduler';
import { assembleScheduler } from '@stepwell/scheduler/testing';
import type { Logger } from 'pino';
import type { Gateways } from '../app/gateways';
import type { LogWitness } from '../judge/log-witness';
import type { LogDriver } from '@stepwell/event-store/testing';
import type { Chance } from './chance';
import { SimulatedBroker } from './simulated-broker';
import { SimulatedBus } from './simulated-bus';
import { SimulatedIds } from './simulated-ids';
import { SimulatedProcess } from './simulated-process';
import type { SimulatedStore } from './simulated-store';
import { memoryLogDriver, simulatedStore } from './simulated-store';
import { StoreWire } from './store-wire';
import type { World } from './world';

export const ROLES = ['run-state', 'scheduler', 'http-caller', 'event-notifier', 'gateway'] as const;
export type Role = (typeof ROLES)[number];

/** A process that runs, and how it is asked to go. */
export interface Member {
  readonly role: Role;
  readonly process: SimulatedProcess;
  /** SIGTERM. Resolves when it would exit. */
  stop(grace: AbortSignal): Promise<void>;
}

/** Where a planted bug is put in: between the product's parts and what they are given. */
export interface Sabotage {
  clockAheadMs?(role: Role, chance: Chance): number;
  runStateStore?(store: RunStateStore, process: SimulatedProcess): RunStateStore;
  logDriver?(driver: LogDriver, data: MemoryData): LogDriver;
  bus?(bus: BusDriver, role: Role, process: SimulatedProcess): BusDriver;
  /** A service was put together, and nothing has happened yet. */
  runState?(parts: ReturnType<typeof assembleRunState>, process: SimulatedProcess): void;
}

/** What is outside of the product. */
export interface Surroundings {
  readonly gateways: Gateways;
  readonly witness: LogWitness;
  readonly client: (process: SimulatedProcess) => OutboundClient;
  readonly announced: (announcement: AnnounceItem['announcement']) => void;
  readonly queues: (item: DeliverItem, process: SimulatedProcess) => void;
  readonly sabotage: Sabotage;
  readonly logger: Logger;
}

const INTAKE = { maxInFlight: 512, maxBufferedBytes: 64 * 1024 * 1024 };
/** Longer than an application waits for the gateway, twice. */
const DELIVERY_TIMEOUT_MS = 150_000;
const LAGS_MS = { least: 0, most: 60 };

/** The processes of the five services over one database and one broker. */
export class Cluster {
  readonly data = new MemoryData();
  readonly broker: SimulatedBroker;
  readonly members = new Set<Member>();
  private readonly runStateSettings = configFrom(RunStateSettings, {
    deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
    // Nothing may depend on the auditor (E4): what it would mend here is to be seen.
    auditEveryMs: 0,
  });
  private readonly schedulerSettings = configFrom(SchedulerSettings);
  private readonly callerConfig = configFrom(HttpCallerConfig, { signingCurrentKey: 'sig_1', allowPrivate: true });
  private readonly gatewayConfig = configFrom(GatewayConfig, { tokens: ['token'] });

  constructor(
    private readonly world: World,
    private readonly around: Surroundings,
  ) {
    this.broker = new SimulatedBroker(world);
  }

  /** @param supersede whether something guarantees that the former process of this name is gone (L2). */
  start(role: Role, name: string, supersede = false): Member {
    const { chance, time } = this.world;
    const { sabotage } = this.around;
    const lagMs = chance.between(LAGS_MS.least, LAGS_MS.most) - (sabotage.clockAheadMs?.(role, chance) ?? 0);
    const process = new SimulatedProcess(name, time, lagMs);
    const plainBus = new SimulatedBus(process, this.broker, this.around.logger, this.around.queues);
    const bus = sabotage.bus?.(plainBus, role, process) ?? plainBus;
    const stop = this.compose(role, process, bus, supersede);
    const member = {
      role,
      process,
      stop: async (grace: AbortSignal): Promise<void> => {
        await bus.stopIntake();
        await stop(grace);
        await bus.drain(grace);
        await bus.close();
      },
    };
    this.members.add(member);
    process.onEnd(() => {
      this.members.delete(member);
    });
    return member;
  }

  of(role: Role): Member[] {
    return [...this.members].filter((member) => member.role === role);
  }

  private compose(
    role: Role,
    process: SimulatedProcess,
    bus: BusDriver,
    supersede: boolean,
  ): (grace: AbortSignal) => Promise<void> {
    switch (role) {
      case 'run-state':
        return this.runState(process, bus, supersede);
      case 'scheduler':
        return this.scheduler(process, bus, supersede);
      case 'http-caller':
        return this.httpCaller(process, bus);
      case 'event-notifier':
        return this.notifier(process, bus);
      case 'gateway':
        return this.gateway(process, bus);
    }
  }

  private runState(
    process: SimulatedProcess,
    bus: BusDriver,
    supersede: boolean,
  ): (grace: AbortSignal) => Promise<void> {
    const { logger, sabotage } = this.around;
    const store = this.storeOf(process);
    const { log, blobs, rows } = store;
    const membership = store.membership('run-state', this.identity(supersede));
    const plain = { log, blobs, rows, membership };
    const parts = assembleRunState({
      store: sabotage.runStateStore?.(plain, process) ?? plain,
      bus,
      clock: process,
      logger,
      settings: this.runStateSettings,
      newSeed: () => this.world.chance.id(),
    });
    sabotage.runState?.(parts, process);
    void bus.answerAsks('run-state', parts.handlers);
    void parts.runtime.start();
    return (grace) => parts.runtime.stop(grace);
  }

  private scheduler(
    process: SimulatedProcess,
    bus: BusDriver,
    supersede: boolean,
  ): (grace: AbortSignal) => Promise<void> {
    const store = this.storeOf(process);
    const { engine, owner, handlers } = assembleScheduler({
      store: { timers: store.timers, membership: store.membership('scheduler', this.identity(supersede)) },
      bus,
      clock: process,
      logger: this.around.logger,
      settings: this.schedulerSettings,
    });
    void bus.answerAsks('scheduler', handlers);
    void owner.start();
    return async (grace) => {
      engine.stop();
      await engine.idle(grace);
      await owner.stop();
    };
  }

  private httpCaller(process: SimulatedProcess, bus: BusDriver): (grace: AbortSignal) => Promise<void> {
    const parts = assembleHttpCaller(this.callerConfig, {
      bus,
      clock: process,
      logger: this.around.logger,
      metrics: unwatchedMetrics(),
      newClient: () => this.around.client(process),
      random: this.world.chance.random,
    });
    void consume<DeliverItem>(bus, works.Deliver, (work, context) => parts.deliveries.deliver(work, context));
    void consume<CallOutItem>(bus, works.CallOut, (work, context) => parts.calls.call(work, context));
    return async (grace) => {
      for (const runner of parts.runners) runner.stopIntake();
      await Promise.all(parts.runners.map((runner) => runner.finish(grace)));
    };
  }

  private notifier(process: SimulatedProcess, bus: BusDriver): () => Promise<void> {
    const { time, chance } = this.world;
    const publish = (announcement: AnnounceItem['announcement']): Promise<void> =>
      new Promise((resolve) => {
        time.after(chance.between(0.2, 2), () => {
          this.around.announced(announcement);
          process.enter(resolve);
        });
      });
    const announcer = assembleAnnouncer({ publish }, bus, process);
    void consume<AnnounceItem>(bus, works.Announce, ({ head }) => announcer.announce(head));
    return () => Promise.resolve();
  }

  private gateway(process: SimulatedProcess, bus: BusDriver): () => Promise<void> {
    const { logger, gateways } = this.around;
    const ids = new SimulatedIds(this.world.chance);
    const desks = assembleDesks({ bus, clock: process, logger, config: this.gatewayConfig, ids });
    const gateway = { process, desks };
    gateways.running.push(gateway);
    const leave = (): void => {
      gateways.running.splice(gateways.running.indexOf(gateway) >>> 0, 1);
    };
    process.onEnd(leave);
    return () => {
      leave();
      return Promise.resolve();
    };
  }

  private storeOf(process: SimulatedProcess): SimulatedStore {
    const wire = new StoreWire(this.world, process);
    const silent = { info: () => undefined, warn: () => undefined };
    const plain = memoryLogDriver(this.data);
    const driver = this.around.sabotage.logDriver?.(plain, this.data) ?? plain;
    return simulatedStore(process, this.data, driver, wire, this.around.witness.landed, silent);
  }

  private identity(supersede: boolean): { supersede: boolean; newIncarnation: () => string } {
    return { supersede, newIncarnation: () => this.world.chance.id() };
  }
}

function consume<Item>(
  bus: BusDriver,
  definition: AnyWork,
  handler: (work: Message<Item>, context: WorkContext) => Promise<void>,
): Promise<void> {
  return bus.consumeWork(definition, handler as WorkHandler, INTAKE);
}
