import { runExample } from '../app/example-app';
import { aiStandIn } from './ai-stand-in';
import { onboarding } from './workflow';

void runExample({
  name: 'onboarding',
  workflow: onboarding,
  routes: { '/ai': aiStandIn() },
  payload: (appUrl) => ({
    userId: `user-${Date.now()}`,
    email: 'ada@example.com',
    name: 'Ada',
    aiUrl: process.env['OPENAI_BASE_URL'] ?? `${appUrl}/ai`,
  }),
});
