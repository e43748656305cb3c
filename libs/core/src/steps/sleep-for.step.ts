import { parseDurationMs } from '../wire/duration';
import type { StepJson, StepKind } from './step-kind';

/** Recorded when it is submitted, delivered after `Upstash-Delay` (protocol.md 8.2). */
export const sleepForStep: StepKind = {
  type: 'SleepFor',
  show: ({ sleepFor }: StepJson) => {
    const seconds = secondsOf(sleepFor);
    return seconds === undefined ? {} : { sleepFor: seconds };
  },
  waitsFor: 'sleeps',
  waitingFor: 'sleep',
};

/** Whole seconds, a part of one counting as one: the clients' logs have a number there, the one in Go fails on anything else. */
function secondsOf(sleepFor: unknown): number | undefined {
  const ms =
    typeof sleepFor === 'string' || typeof sleepFor === 'number' ? parseDurationMs(String(sleepFor)) : undefined;
  return ms === undefined ? undefined : Math.ceil(ms / 1_000);
}
