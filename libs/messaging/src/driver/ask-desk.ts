import type { Message, ServiceName } from '@stepwell/core';
import { Silence } from '@stepwell/core';
import type { AskContext, AskHandler, BusLog } from './bus-driver';

/*
 * Owns the serving side's handlers and the asks that are being handled.
 *
 * 1. A repeated try of an ask that is still being handled joins it. Otherwise a slow commit would be asked for again every two
 *    seconds, by every asker, and be slower for it.
 * 2. Rejects = keep silent. Only `Silence` is a normal reason; anything else is a fault and logged once.
 */
export class AskDesk {
  private readonly handlers = new Map<string, ReadonlyMap<string, AskHandler>>();
  private readonly running = new Map<string, Promise<Message<unknown>>>();

  constructor(private readonly log: BusLog) {}

  take(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): void {
    this.handlers.set(owner, handlers);
  }

  takes(owner: ServiceName): boolean {
    return this.handlers.has(owner);
  }

  handle(owner: ServiceName, message: Message<unknown>, context: AskContext): Promise<Message<unknown>> {
    const joined = this.running.get(context.askId);
    if (joined !== undefined) return joined;
    const handler = this.handlers.get(owner)?.get(context.name);
    if (handler === undefined) return Promise.reject(new Silence(`${owner} has no handler for ${context.name} here`));
    const answer = this.run(handler, message, context);
    this.running.set(context.askId, answer);
    return answer;
  }

  /** Resolves when no ask is being handled. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running.values());
  }

  private async run(handler: AskHandler, message: Message<unknown>, context: AskContext): Promise<Message<unknown>> {
    try {
      // Never from within the caller's own turn, and never done before `handle` has noted it.
      return await Promise.resolve().then(() => handler(message, context));
    } catch (error) {
      if (!(error instanceof Silence)) {
        this.log.error(
          { err: error, ask: context.name, askId: context.askId },
          'an ask handler failed; its asker hears nothing',
        );
      }
      throw error;
    } finally {
      this.running.delete(context.askId);
    }
  }
}
