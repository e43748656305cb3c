import type { Acknowledged } from '../acknowledged';
import type { Evidence } from './evidence';
import { during } from './evidence';

/** NATS, when it comes back without its memory, is told of a call that is under way; a caller that dies has told nobody of its own. */
const HOLDS_CALLS = ['http-caller', 'nats'] as const;
const AFTERMATH_MS = 30_000;

/** What is wrong with how often a run's third party was asked: twice, and nothing happened to who asks or who carries it. */
export function wrongCalls(run: Acknowledged, { asked, disturbances }: Evidence): string[] {
  const [first, ...again] = asked;
  const last = again.at(-1);
  if (run.kind !== 'caller' || first === undefined || last === undefined) return [];
  const reasons = during(disturbances, { from: first - AFTERMATH_MS, to: last }).filter(({ hits }) =>
    HOLDS_CALLS.some((part) => hits.includes(part)),
  );
  return again.length > reasons.length
    ? [`its call was made ${asked.length} times, and only ${reasons.length} faults can have done that`]
    : [];
}

/** Whether run-state died while the call was under way: what the rule above is about. */
export function outlivedRunState({ callMs = 0 }: Acknowledged, { asked, disturbances }: Evidence): boolean {
  const [first] = asked;
  if (first === undefined) return false;
  return during(disturbances, { from: first, to: first + callMs }).some(
    ({ kind, hits }) => kind === 'kill' && hits.includes('run-state'),
  );
}
