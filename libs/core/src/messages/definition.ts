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

export interface AskDefinition<Request, Answer> {
  readonly kind: 'ask';
  readonly name: string;
  readonly owner: ServiceName;
  readonly [requestType]?: (request: Request) => void;
  readonly [answerType]?: Answer;
}

export interface WorkDefinition<Item> {
  readonly kind: 'work';
  readonly name: string;
  readonly owner: ServiceName;
  readonly [requestType]?: (item: Item) => void;
}

export const ask = <Request, Answer>(owner: ServiceName, name: string): AskDefinition<Request, Answer> => ({
  kind: 'ask',
  name,
  owner,
});

export const work = <Item>(owner: ServiceName, name: string): WorkDefinition<Item> => ({ kind: 'work', name, owner });

export const message = <Head>(head: Head, bodies: readonly Uint8Array[] = []): Message<Head> => ({ head, bodies });
