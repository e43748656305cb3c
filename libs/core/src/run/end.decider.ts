import type { CancelRunAnswer, Done } from '../messages/catalogue';
import type { Decision, NewBody } from './decision';
import { already, event } from './decision';
import type { RunState } from './run.state';
import { hasEnded } from './run.state';

/** Finish (protocol.md 7.8): a run that has ended or never was is as good as finished; the client needs its 2xx. */
export function finish(state: RunState | undefined, result: NewBody | undefined): Decision<Done> {
  if (!state || hasEnded(state)) return already({});
  return { accepted: [event('RunFinished', (bodies) => (result ? { result: bodies.store(result) } : {}))], answer: {} };
}

/** Cancel (protocol.md 8.8): running calls are not interrupted, what they submit is refused. */
export function cancel(state: RunState | undefined, runId: string): Decision<CancelRunAnswer> {
  if (!state) return { refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` };
  if (hasEnded(state)) return already({ cancelled: false });
  return { accepted: [event('RunCancelled', () => ({}))], answer: { cancelled: true } };
}
