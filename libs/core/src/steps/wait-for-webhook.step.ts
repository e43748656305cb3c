import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** `context.waitForWebhook`: a wait whose event is the call of a hook (protocol.md 8.4, 8.6). */
export const waitForWebhookStep: StepKind = {
  type: 'WaitForWebhook',
  show: (step) => pick(step, ['waitEventId']),
  waitsFor: 'waits for a call of its webhook',
  waitingFor: 'webhook',
};
