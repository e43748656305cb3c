import type { MailboxEvent, MailboxEventData, MailboxEventType } from '../mailbox/mailbox.events';
import type { ErrorCode } from '../rest/error-codes';
import type { RunEvent, RunEventType, RunEventData, StoredBody } from './run.events';

/**
 * What deciding gives: facts to commit, or a refusal. An empty `accepted` means "already so" and is answered like its twin (L4).
 */
export type Decision<Answer, Event = RunEvent> =
  | {
      readonly accepted: readonly Event[];
      readonly answer: Answer;
      /**
       * Keys in the state's `tells`: two streams take part, and the answer is given when both have it (architecture.md section 4). For
       * "already so" as well: it is answered no earlier than its twin (L4).
       */
      readonly awaits?: readonly string[];
      /** Deliveries answered 2xx that owe nothing: no write of their own, they ride with the stream's next entry (L7). */
      readonly succeeded?: readonly string[];
    }
  | { readonly refused: ErrorCode; readonly message: string };

/** Time and ids come with the command; core has no clock and no dice. */
export interface CommandContext {
  /** Server time, unix ms: what the entry will be stamped with. */
  readonly at: number;
  /** Unique per command; ids made in deciding are built from it. */
  readonly seed: string;
}

/** A body that comes with a command: the bytes, or the blob they were already written to (L5). */
export type NewBody = Uint8Array | { readonly blob: string; readonly sizeBytes: number };

/** Collects one event's inline bodies. */
export class EventBodies {
  readonly bytes: Uint8Array[] = [];

  store(body: NewBody): StoredBody {
    if (!(body instanceof Uint8Array)) return body;
    this.bytes.push(body);
    return { inline: this.bytes.length - 1, sizeBytes: body.byteLength };
  }
}

/** One event, its bodies collected while `data` is built. */
export function event<Type extends RunEventType>(
  type: Type,
  data: (bodies: EventBodies) => RunEventData[Type],
): RunEvent {
  const bodies = new EventBodies();
  return { type, data: data(bodies), bodies: bodies.bytes } as unknown as RunEvent;
}

/** {@link event} of a mailbox. */
export function mailboxEvent<Type extends MailboxEventType>(
  type: Type,
  data: (bodies: EventBodies) => MailboxEventData[Type],
): MailboxEvent {
  const bodies = new EventBodies();
  return { type, data: data(bodies), bodies: bodies.bytes } as unknown as MailboxEvent;
}

/** Nothing to commit: it is so already, or nothing is to be done. */
export const already = <Answer>(answer: Answer): { readonly accepted: readonly never[]; readonly answer: Answer } => ({
  accepted: [],
  answer,
});

/** The decision, to be answered when these tells are settled as well. */
export function awaiting<Answer, Event>(
  decision: Extract<Decision<Answer, Event>, { readonly accepted: unknown }>,
  keys: readonly string[],
): Decision<Answer, Event> {
  return keys.length > 0 ? { ...decision, awaits: keys } : decision;
}
