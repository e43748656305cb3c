import type { StepJson, StepKind } from './step-kind';

/** Recorded when it is submitted, delivered at `Upstash-Not-Before`; a past time at once (protocol.md 8.2). */
export const sleepUntilStep: StepKind = {
  type: 'SleepUntil',
  // Whole seconds, as the client rounds them for its header: the client in Go can't read a log with any others.
  show: ({ sleepUntil }: StepJson) => (typeof sleepUntil === 'number' ? { sleepUntil: Math.round(sleepUntil) } : {}),
  waitsFor: 'sleeps',
  waitingFor: 'sleep',
};
