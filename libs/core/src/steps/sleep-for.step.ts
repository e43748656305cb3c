import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** Recorded when it is submitted, delivered after `Upstash-Delay` (protocol.md 8.2). */
export const sleepForStep: StepKind = {
  type: 'SleepFor',
  show: (step) => pick(step, ['sleepFor']),
  waitsFor: 'sleeps',
};
