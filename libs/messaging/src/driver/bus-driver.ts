import type { AskServer, Bus, Message, ServiceName, WorkContext, WorkDefinition } from '@stepwell/core';

/** What an ask handler learns besides the message. */
export interface AskContext {
  /** The same for every try of one ask. */
  readonly askId: string;
  /** The catalogue's name of the ask. */
  readonly name: string;
  /** Absent when it was addressed to any process or to a member. */
  readonly partition?: number;
}

/** Answers, or rejects: then the asker hears nothing and asks again (B1). Only `Silence` is expected, the rest is logged. */
export type AskHandler = (message: Message<unknown>, context: AskContext) => Promise<Message<unknown>>;

/** Resolves = ack; rejects with `GiveBack` = seen again after its delay; rejects otherwise = seen again after a back-off. */
export type WorkHandler = (message: Message<unknown>, context: WorkContext) => Promise<void>;

/** How much work one process takes at a time, of one kind. */
export interface IntakeLimits {
  readonly maxInFlight: number;
  /** Bytes of the items that are handled or on their way here. */
  readonly maxBufferedBytes: number;
}

export const DEFAULT_INTAKE: IntakeLimits = { maxInFlight: 512, maxBufferedBytes: 64 * 1024 * 1024 };

/** A work definition when it doesn't matter what its items are. */
export type AnyWork = WorkDefinition<never>;

/**
 * The bus as its two drivers offer it: the port that services see, and the serving side that only `MessagingServer` uses.
 *
 * Order of an end: `stopIntake` (no new work; asks go on, what still runs needs their answers), `drain`, `close`.
 */
export interface BusDriver extends Bus, AskServer {
  /** The name under which `{member}` reaches this process. */
  readonly member: string;
  /** Takes the asks of `owner`: those to any process and to this member at once, a partition's after `serve`. */
  answerAsks(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): Promise<void>;
  consumeWork(definition: AnyWork, handler: WorkHandler, limits: IntakeLimits): Promise<void>;
  /** Takes no more work; what was on its way here goes back at once. */
  stopIntake(): Promise<void>;
  /** Resolves when no handler runs. When `grace` is aborted the rest is told by its signal and given back at once. */
  drain(grace: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The part of pino's logger the bus needs. */
export interface BusLog {
  info(context: object, text: string): void;
  warn(context: object, text: string): void;
  error(context: object, text: string): void;
}

export const SILENT_LOG: BusLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The item is not in the queue, or nobody can say: the effect is still owed. */
export class WorkNotQueued extends Error {
  readonly code = 'UNAVAILABLE';
  constructor(
    readonly work: string,
    readonly effectId: string,
    reason: string,
  ) {
    super(`${work} ${effectId} was not queued: ${reason}`);
    this.name = 'WorkNotQueued';
  }
}
