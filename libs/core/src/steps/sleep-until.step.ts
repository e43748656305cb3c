import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** Recorded when it is submitted, delivered at `Upstash-Not-Before`; a past time at once (protocol.md 8.2). */
export const sleepUntilStep: StepKind = {
  type: 'SleepUntil',
  show: (step) => pick(step, ['sleepUntil']),
  waitsFor: 'sleeps',
};
