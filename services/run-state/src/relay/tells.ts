import type {
  BodyPlace,
  MailboxObligation,
  MailboxTell,
  Obligation,
  RunState,
  RunTell,
  RunTold,
  WaiterData,
} from '@stepwell/core';
import { mailboxStream, partitionOf, runStream } from '@stepwell/core';
import type { Kind } from '../aggregates';
import type { Stream } from '../partition/stream';
import { isOfKind } from '../partition/stream';

/*
 * What one stream tells another (architecture.md section 4), as the asks say it: from the folded state of the one that tells, at the
 * time it is sent.
 */

/** To whom a tell goes: a mailbox, or a run; `partition` is where that lives. */
export interface Addressee {
  readonly route: 'mailboxes' | 'runs';
  readonly partition: number;
}

/** One tell, its body not read yet. */
export interface Said<Tell> {
  /** Given the index that the body has in the ask. */
  readonly tell: (body: number | undefined) => Tell;
  readonly body?: BodyPlace;
}

export type BatchedTold = Exclude<RunTold, { readonly kind: 'start-child' | 'start-successor' }>;

/** Undefined when the state doesn't know what the tell is about. */
export function addresseeOfTold(state: RunState, told: BatchedTold): Addressee | undefined {
  switch (told.kind) {
    case 'register-waiter': {
      const eventId = state.waits.get(told.messageId)?.data.eventId;
      return eventId === undefined ? undefined : mailbox(eventId);
    }
    case 'drop-run':
      return mailbox(told.eventId);
    case 'child-ended':
      return state.start.invoker && run(state.start.invoker.runId);
  }
}

const mailbox = (eventId: string): Addressee => ({
  route: 'mailboxes',
  partition: partitionOf(mailboxStream(eventId)),
});

export const run = (runId: string): Addressee => ({ route: 'runs', partition: partitionOf(runStream(runId)) });

/** Undefined when it isn't owed any more. */
export function saidToMailbox(stream: Stream<Kind>, effectId: string): Said<MailboxTell> | undefined {
  const { state, told } = toldBy(stream, effectId) ?? {};
  if (!state || !told) return undefined;
  const { runId } = state;
  if (told.kind === 'drop-run') return { tell: () => ({ kind: 'drop', eventId: told.eventId, runId }) };
  if (told.kind !== 'register-waiter') return undefined;
  const wait = state.waits.get(told.messageId);
  if (!wait) return undefined;
  const { messageId, eventId, destination: url, workflowUrl, timeoutUrl, deadlineAt } = wait.data;
  const waiter: Omit<WaiterData, 'seq'> = {
    messageId,
    runId,
    runCreatedAt: state.createdAt,
    url,
    workflowUrl,
    ...(timeoutUrl === undefined ? {} : { timeoutUrl }),
    deadlineAt,
  };
  return { tell: () => ({ kind: 'register', eventId, waiter }) };
}

/** Undefined when it isn't owed any more. `movedTo` is told instead of the run that the state names. */
export function saidToRun(stream: Stream<Kind>, effectId: string, movedTo?: string): Said<RunTell> | undefined {
  if (isOfKind(stream, 'mailbox')) {
    const obligation = stream.state?.owed.get(effectId);
    return stream.state && obligation?.type === 'TellRun' ? waitEnded(stream.state.eventId, obligation) : undefined;
  }
  const { state, told } = toldBy(stream, effectId) ?? {};
  return state && told?.kind === 'child-ended' ? childEnded(state, movedTo) : undefined;
}

function waitEnded(
  eventId: string,
  { waiter, outcome }: Extract<MailboxObligation, { readonly type: 'TellRun' }>,
): Said<RunTell> {
  const { runId, messageId } = waiter;
  const common = { kind: 'wait-ended', runId, messageId, eventId } as const;
  if (outcome.kind === 'timeout') return { tell: () => ({ ...common, outcome: { kind: 'timeout' } }) };
  const { kind } = outcome;
  return {
    tell: (body) => ({ ...common, outcome: { kind, ...(body === undefined ? {} : { body }) } }),
    ...(outcome.body ? { body: outcome.body } : {}),
  };
}

function childEnded(state: RunState, movedTo: string | undefined): Said<RunTell> | undefined {
  const { invoker } = state.start;
  const outcome = state.status;
  if (!invoker || outcome === 'running') return undefined;
  return {
    tell: (result) => ({
      kind: 'child-ended',
      runId: movedTo ?? invoker.runId,
      messageId: invoker.messageId,
      childRunId: state.runId,
      outcome,
      ...(result === undefined ? {} : { result }),
    }),
    ...(state.result ? { body: state.result } : {}),
  };
}

function toldBy(stream: Stream<Kind>, effectId: string): { state: RunState; told: RunTold } | undefined {
  if (!isOfKind(stream, 'run')) return undefined;
  const obligation: Obligation | undefined = stream.state?.owed.get(effectId);
  return stream.state && obligation?.type === 'TellStream' ? { state: stream.state, told: obligation.tell } : undefined;
}
