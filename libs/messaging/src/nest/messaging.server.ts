import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';
import type { ServiceName } from '@stepwell/core';
import { asks, works } from '@stepwell/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { AskHandler, BusDriver, IntakeLimits, WorkHandler } from '../driver/bus-driver';
import { DEFAULT_INTAKE } from '../driver/bus-driver';
import { handlerPattern } from './handler.decorators';

export interface MessagingServerOptions {
  readonly bus: BusDriver;
  /** The services whose modules are in this Nest application. */
  readonly serves: readonly ServiceName[];
  readonly intake?: Partial<Record<keyof typeof works, IntakeLimits>>;
}

/**
 * Nest's transport over the bus: finds the handlers of the catalogue once, at `listen`, and from then on isn't in the way.
 *
 * 1. Every entry that a served service owns has exactly one handler, and no handler is without its service: checked at start.
 * 2. What a handler throws arrives as a resolved Observable that fails when subscribed to. It is unwrapped before anything is
 *    answered or acknowledged; otherwise the item would be lost (architecture.md 7a).
 * 3. The bus belongs to whoever made it: `close` only stops the intake, shutting down in order is the service's business.
 */
export class MessagingServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('stepwell-bus');
  private readonly doubled: string[] = [];

  constructor(private readonly options: MessagingServerOptions) {
    super();
  }

  override addHandler(...[pattern, callback, isEventHandler, extras]: Parameters<Server['addHandler']>): void {
    const route = String(pattern);
    if (this.messageHandlers.has(route)) this.doubled.push(route);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  listen(callback: (error?: unknown) => unknown): void {
    this.start().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  async close(): Promise<void> {
    await this.options.bus.stopIntake();
  }

  override on(): never {
    throw new Error('the bus has no transport events; its state is in the log and in the health of the service');
  }

  override unwrap<Driver>(): Driver {
    return this.options.bus as Driver;
  }

  private async start(): Promise<void> {
    this.checkHandlers();
    const { bus, intake, serves } = this.options;
    for (const owner of serves) {
      const handlers = Object.values(asks).filter((ask) => ask.owner === owner);
      if (handlers.length > 0) {
        await bus.answerAsks(owner, new Map(handlers.map((ask) => [ask.name, this.askHandler(handlerPattern(ask))])));
      }
    }
    for (const [key, definition] of entries(works)) {
      if (!serves.includes(definition.owner)) continue;
      await bus.consumeWork(definition, this.workHandler(handlerPattern(definition)), intake?.[key] ?? DEFAULT_INTAKE);
    }
  }

  private checkHandlers(): void {
    const catalogue = [...Object.values(asks), ...Object.values(works)];
    const wanted = catalogue.filter(({ owner }) => this.options.serves.includes(owner)).map(handlerPattern);
    const found = [...this.messageHandlers.keys()];
    const faults = [
      ...wanted.filter((pattern) => !found.includes(pattern)).map((pattern) => `${pattern} has no handler`),
      ...found.filter((pattern) => !wanted.includes(pattern)).map((pattern) => `${pattern} is not served here`),
      ...this.doubled.map((pattern) => `${pattern} has two handlers`),
    ];
    if (faults.length > 0) throw new Error(`the handlers don't fit the catalogue: ${faults.join('; ')}`);
  }

  private askHandler(pattern: string): AskHandler {
    const handler = this.handlerOf(pattern);
    return async (message, context) => unwrapped(await handler(message, context)) as ReturnType<AskHandler>;
  }

  private workHandler(pattern: string): WorkHandler {
    const handler = this.handlerOf(pattern);
    return async (message, context) => {
      await unwrapped(await handler(message, context));
    };
  }

  private handlerOf(pattern: string): (message: unknown, context: unknown) => Promise<unknown> {
    const handler: MessageHandler<unknown, unknown, unknown> | undefined = this.messageHandlers.get(pattern);
    if (handler === undefined) throw new Error(`${pattern} has no handler`);
    return handler;
  }
}

function unwrapped(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}

const entries = <Table extends object>(table: Table): [keyof Table, Table[keyof Table]][] =>
  Object.entries(table) as [keyof Table, Table[keyof Table]][];
