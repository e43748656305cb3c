import type {
  MailboxEvent,
  MailboxObligation,
  MailboxState,
  Obligation,
  RunEvent,
  RunRow,
  RunState,
  TimerRow,
} from '@stepwell/core';

/*
 * What a partition holds streams of (architecture.md section 4): one descriptor per kind of aggregate. The host, recovery and the
 * relay treat all kinds by the same rules; what differs is said here, and asked for by one look at the stream's descriptor.
 */

/** What each kind is made of. */
export interface Shapes {
  readonly run: { readonly state: RunState; readonly event: RunEvent; readonly obligation: Obligation };
  readonly mailbox: {
    readonly state: MailboxState;
    readonly event: MailboxEvent;
    readonly obligation: MailboxObligation;
  };
}

export type Kind = keyof Shapes;
export type StateOf<K extends Kind> = Shapes[K]['state'];
export type EventOf<K extends Kind> = Shapes[K]['event'];
export type ObligationOf<K extends Kind> = Shapes[K]['obligation'];

/** One entry of a stream: `version` counts them from 1, `at` is its commit in unix ms. */
export interface EntryOf<K extends Kind> {
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly events: readonly EventOf<K>[];
}

/** What one entry changed about the outside world: `owed` is new, `settled` needs nothing any more. */
export interface ChangesOf<K extends Kind> {
  readonly owed: readonly { readonly effectId: string; readonly obligation: ObligationOf<K> }[];
  readonly settled: readonly string[];
}

/** Methods and not properties, so that what works for every kind can be handed a stream of any. */
export interface Aggregate<K extends Kind> {
  readonly kind: K;
  /** Every stream's name begins with its kind's; what follows is the id. */
  readonly prefix: string;
  /** In whose name a stream's large bodies are kept (L5). */
  blobOwner(stream: string): string;
  /** Whether this version knows the event. */
  knows(type: string): boolean;
  /** Folds one entry, in place. */
  evolve(
    state: StateOf<K> | undefined,
    entry: EntryOf<K>,
  ): { readonly state: StateOf<K>; readonly changes: ChangesOf<K> };
  /**
   * Something is done that is worth no entry of its own (L7): of a run a delivery that succeeded, of a mailbox an effect that was
   * settled. Notes in the state what has to be known at once; false = it is nothing that this state waits for.
   */
  noteDone(state: StateOf<K>, id: string): boolean;
  /** The event that says so of these, as far as the state doesn't know it yet; rides with the stream's next entry or is one. */
  doneEvent(state: StateOf<K>, ids: readonly string[]): EventOf<K> | undefined;
  /** For kinds that lists show (L9). */
  rowOf?(state: StateOf<K>, partition: number): RunRow;
  /** All timers that have to be there for this state, whether they were ever set or not. */
  timersOf(state: StateOf<K>, partition: number): TimerRow[];
  /** For kinds whose streams never end (L8). What of theirs is settled is {@link noteDone}. */
  readonly snapshots?: Snapshots<K>;
}

/** A state written now and then as a set of parts, consecutive entries of one event each: a fold begins at the last complete set. */
export interface Snapshots<K extends Kind> {
  readonly eventType: EventOf<K>['type'];
  /** To which set a part belongs: its first version, and whether the part is its last. */
  setOf(version: number, part: EventOf<K>): { readonly first: number; readonly isComplete: boolean } | undefined;
  isDue(state: StateOf<K>, entriesSinceLast: number): boolean;
  parts(state: StateOf<K>): readonly EventOf<K>[];
}

/** Names one stream, its kind with it. */
export interface StreamKey<K extends Kind> {
  readonly aggregate: Aggregate<K>;
  readonly name: string;
}
