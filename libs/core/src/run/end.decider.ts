import type { CancelRunAnswer, Done } from '../messages/catalogue';
import type { Decision, NewBody } from './decision';
import { failureCallbackCancelled } from './dead-letter.decider';
import { already, awaiting, event } from './decision';
import type { RunState } from './run.state';
import { hasEnded, isPending, tellKey } from './run.state';

/** Finish (protocol.md 7.8): a run that has ended or never was is as good as finished; the client needs its 2xx. */
export function finish(state: RunState | undefined, result: NewBody | undefined): Decision<Done> {
  if (!state || hasEnded(state) || state.isCopying) return already({});
  return { accepted: [event('RunFinished', (bodies) => (result ? { result: bodies.store(result) } : {}))], answer: {} };
}

/**
 * Cancel (protocol.md 8.8): running calls are not interrupted, what they submit is refused. Answered when no mailbox knows the run any
 * more, so that no event is spent on it after the answer.
 */
export function cancel(state: RunState | undefined, runId: string): Decision<CancelRunAnswer> {
  if (!state || state.isCopying) return { refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` };
  const awaits = [...state.mailboxes].map((eventId) => tellKey({ kind: 'drop-run', eventId }));
  if (hasEnded(state)) return awaiting(already({ cancelled: false }), awaits);
  return awaiting({ accepted: [event('RunCancelled', () => ({}))], answer: { cancelled: true } }, awaits);
}

/**
 * One message of a run (protocol.md 13.2): without it the run could never go on, so the run is cancelled. A failure callback is called
 * off: its run has ended.
 */
export function cancelMessage(state: RunState | undefined, messageId: string): Decision<Done> {
  if (!state || !isPending(state, messageId)) {
    return { refused: 'UNKNOWN_MESSAGE', message: `message ${messageId} is delivered, dropped or unknown` };
  }
  if (state.deliveries.get(messageId)?.kind === 'failure') {
    return { accepted: [failureCallbackCancelled(messageId)], answer: {} };
  }
  const decision = cancel(state, state.runId);
  return 'refused' in decision ? decision : { ...decision, answer: {} };
}

/** Before something is kept for a run in a mailbox: is it alive, and will it tell the mailbox of its end (protocol.md 8.5)? */
export function openMailbox(state: RunState | undefined, runId: string, eventId: string): Decision<Done> {
  if (!state || state.isCopying) return { refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` };
  if (hasEnded(state)) return { refused: 'RUN_ENDED', message: `run ${runId} has ended` };
  if (state.mailboxes.has(eventId)) return already({});
  return { accepted: [event('MailboxOpened', () => ({ eventId }))], answer: {} };
}
