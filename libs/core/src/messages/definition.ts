/** The five services; `standalone` composes them and is none of them. */
export const SERVICES = ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier'] as const;
export type ServiceName = (typeof SERVICES)[number];

/**
 * What travels: a small JSON `head` and any number of raw `bodies` that the head refers to by index. A body is never inside JSON
 * (architecture.md 7a, "frames"). In one process the objects are handed over as they are: treat both as read-only.
 */
export interface Message<Head> {
  readonly head: Head;
  readonly bodies: readonly Uint8Array[];
}

/** Index into {@link Message.bodies}. */
export type BodyIndex = number;

declare const requestType: unique symbol;
declare const answerType: unique symbol;

/**
 * Of what services say to each other. While processes are replaced one by one, old and new ones talk: a new optional field of a head is
 * no new version, whoever doesn't know it ignores it. Raised together with the `schema` of each message that an older process would
 * misread: it then leaves those messages, and only those, to newer ones (`NewerMessage` of the bus).
 */
export const MESSAGE_SCHEMA_VERSION = 1;

export interface AskDefinition<Request, Answer> {
  readonly kind: 'ask';
  readonly name: string;
  readonly owner: ServiceName;
  /** Which {@link MESSAGE_SCHEMA_VERSION} one has to know to answer it, in the form that it expects. Default 1. */
  readonly schema?: number;
  readonly [requestType]?: (request: Request) => void;
  readonly [answerType]?: Answer;
}

export interface WorkDefinition<Item> {
  readonly kind: 'work';
  readonly name: string;
  readonly owner: ServiceName;
  /** Which {@link MESSAGE_SCHEMA_VERSION} one has to know to do it. Default 1. */
  readonly schema?: number;
  readonly [requestType]?: (item: Item) => void;
}

export const ask = <Request, Answer>(owner: ServiceName, name: string): AskDefinition<Request, Answer> => ({
  kind: 'ask',
  name,
  owner,
});

export const work = <Item>(owner: ServiceName, name: string): WorkDefinition<Item> => ({ kind: 'work', name, owner });

export const message = <Head>(head: Head, bodies: readonly Uint8Array[] = []): Message<Head> => ({ head, bodies });
