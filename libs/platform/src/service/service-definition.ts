import type { DynamicModule, Type } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AskServer, Bus, Clock } from '@stepwell/core';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CommonConfig, ConfigClass } from '../config';
import type { HealthRegistry } from '../health-registry';
import type { ShutdownSequence } from '../shutdown-sequence';

/** The bus as a process holds it: the port, and how to end it in order. Both drivers of `libs/messaging` fit. */
export interface ServiceBus extends Bus, AskServer {
  stopIntake(): Promise<void>;
  drain(grace: AbortSignal): Promise<void>;
}

/** What a service is connected to before its module is built. */
export interface Connected {
  readonly bus: ServiceBus;
  /** The primary's time (T2): the store's clock where there is a store, else an asked one. Default: the system's. */
  readonly clock?: Clock;
  /** Last of all: the bus, then the store. */
  close(): Promise<void>;
}

/** What there is from the first moment on. */
export interface ServiceBase<Config> {
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly health: HealthRegistry;
  readonly shutdown: ShutdownSequence;
  /** Aborted as soon as the process is told to stop: what waits for a server during the start gives up. */
  readonly stopping: AbortSignal;
  /** Tells the startup probe what the start is waiting for now. */
  waitingFor(what: string): void;
}

export interface HttpSide<Link> {
  readonly adapter: FastifyAdapter;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** False when the module reads bodies by a parser of its own. Default true. */
  readonly bodyParser?: boolean;
  /** Before anything is initialised or listened to: plugins, global pipes and filters, lean routes. */
  prepare?(app: NestFastifyApplication, connected: Link): void | Promise<void>;
}

/** A service as its `main.ts` describes it. `runService` does the rest. */
export interface ServiceDefinition<Config extends CommonConfig, Link extends Connected> {
  readonly name: string;
  readonly config: ConfigClass<Config>;
  connect(config: Config, base: ServiceBase<Config>): Promise<Link>;
  module(config: Config, connected: Link, base: ServiceBase<Config>): DynamicModule | Type;
  /** The transport that brings asks and work to the module's handlers. */
  microservice?(connected: Link, base: ServiceBase<Config>): CustomTransportStrategy;
  http?(config: Config, base: ServiceBase<Config>): HttpSide<Link>;
}
