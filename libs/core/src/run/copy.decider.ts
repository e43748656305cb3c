import type { Done } from '../messages/catalogue';
import type { Decision } from './decision';
import { already } from './decision';
import type { RunEvent } from './run.events';
import type { RunState } from './run.state';

/**
 * One part of a resumed run's log, from the run it takes over from (protocol.md 12). Parts are accepted in order and once: part `p` is
 * version `p + 1` of the stream. Refused when the run's id is somebody else's already.
 */
export function copyPart(
  state: RunState | undefined,
  { part, from, events }: { readonly part: number; readonly from: string; readonly events: readonly RunEvent[] },
): Decision<Done> {
  if (state && state.start.successorOf?.runId !== from) {
    return { refused: 'INVALID_RUN_ID', message: `run ${state.runId} exists already` };
  }
  if (part < (state?.version ?? 0)) return already({});
  if (part !== (state?.version ?? 0) || (state && !state.isCopying)) {
    return { refused: 'INVALID_BODY', message: `part ${part} of a copy has no part before it` };
  }
  if (!events[0] || (events[0].type === 'RunStarted') !== (part === 0)) {
    return { refused: 'INVALID_BODY', message: `part ${part} of a copy does not begin as it must` };
  }
  return { accepted: events, answer: {} };
}
