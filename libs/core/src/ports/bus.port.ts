import type { AskDefinition, Message, WorkDefinition } from '../messages/definition';

/**
 * The bus: how services talk, whether they share a process or a NATS cluster (architecture.md section 2).
 *
 * 1. An *ask* is answered by its owner after the commit, or not at all (B1). No answer = ask again: the bus does so itself until
 *    `patienceMs` is over, with the same `askId`, and then throws {@link NobodyAnswered}.
 * 2. *Work* is queued under its effect id, at most one message per effect at a time (E2); a worker acknowledges after its own ask
 *    was answered (B2). Delivery is at least once, in no promised order.
 */
export interface Bus {
  ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>>;

  /**
   * Queues one work item. Resolves when the broker has it, with `queued` or (the same effect id is waiting already, which is as
   * good) `already-queued`. Rejects when it is unknown or false that the broker has it: the caller still owes the effect.
   */
  publishWork<Item>(
    definition: WorkDefinition<Item>,
    effectId: string,
    message: Message<Item>,
  ): Promise<'queued' | 'already-queued'>;

  /** Called when the broker may have forgotten queued work (E3): everything unsettled has to be sent again. */
  onWorkForgotten(listener: () => void): () => void;

  /** For readiness: true while the broker can be reached. */
  isConnected(): boolean;
}

/**
 * Whom an ask goes to: the owner of a partition, any process of a service, one named process of it, or all of them, of which those who
 * know the answer give it and the others keep silent.
 */
export type AskAddress = { partition: number } | 'any' | 'all' | { member: string };

export interface AskOptions {
  /** How long one try waits for the answer before the same ask is sent again. Default 2,000 ms. */
  tryMs?: number;
  /** How long to go on in all. Default 10,000 ms. `Infinity` is allowed. */
  patienceMs?: number;
  /** Gives up at once when aborted. */
  signal?: GiveUpSignal;
}

/** What an ask looks at to give up: an AbortSignal, or something lighter where there is one for each request. */
export interface GiveUpSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Nobody answered within the patience: the outcome is unknown, the responsibility stays with the asker. */
export class NobodyAnswered extends Error {
  readonly code = 'UNAVAILABLE';
  constructor(
    readonly ask: string,
    readonly address: string,
    readonly waitedMs: number,
  ) {
    super(`nobody answered ${ask} at ${address} within ${waitedMs} ms`);
    this.name = 'NobodyAnswered';
  }
}

/**
 * Thrown by an ask handler that must not answer (not the owner, lease over, commit failed): the asker hears nothing and asks
 * again. Never a refusal: a refusal by the domain is an answer.
 */
export class Silence extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Silence';
  }
}

/** What the serving side needs: which partitions' asks this process takes. Plain subscriptions, never queue groups (L2). */
export interface AskServer {
  /** Replaces the set of partitions of `owner` that this process answers for. Resolves when the broker knows. */
  serve(owner: string, partitions: ReadonlySet<number>): Promise<void>;
}

/** What a work handler may do with its item besides returning (= ack) or throwing (= nak with the driver's back-off). */
export interface WorkContext {
  readonly effectId: string;
  /** 1 for the first delivery of this item by the broker. Never an attempt number (H2). */
  readonly deliveryCount: number;
  /** When the broker got it, unix ms. */
  readonly queuedAt: number;
  /** Heart-beat: the item stays ours for another acknowledgement period (H2). The driver beats by itself while a handler runs. */
  working(): void;
  /** Aborted when the process drains and the grace is over: the item is given back. */
  readonly signal: AbortSignal;
}

/** Thrown by a work handler to give the item back and see it again after `delayMs`, without that being an error. */
export class GiveBack extends Error {
  constructor(readonly delayMs: number) {
    super(`given back for ${delayMs} ms`);
    this.name = 'GiveBack';
  }
}
