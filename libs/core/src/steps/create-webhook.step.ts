import type { StepKind } from './step-kind';

/** `context.createWebhook`: the client makes the URL, the server only has to know it when it is called (protocol.md 8.1). */
export const createWebhookStep: StepKind = {
  type: 'CreateWebhook',
  show: () => ({}),
  waitsFor: 'the endpoint makes a webhook',
};
