import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './bare-client';
import type { WireRequest } from './wire-requests';

/** Sends one request once. */
interface Sender {
  send(request: WireRequest): Promise<Answer>;
}

const PATIENCE_MS = 60_000;
const AGAIN_AFTER_MS = 200;

/** Tries again when nobody answers, as the official client does that a user's app would have. @throws Error for any other answer than 2xx */
export async function sendPatiently(sender: Sender, request: WireRequest): Promise<Answer> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await sender.send(request).catch(() => undefined);
    if (answer && answer.status < 300) return answer;
    const isToBeTriedAgain = answer === undefined || answer.status === 429 || answer.status === 503;
    if (!isToBeTriedAgain || performance.now() > giveUpAt) {
      const got = answer ? `${answer.status} ${answer.text}` : 'no answer';
      throw new Error(`${request.method} ${request.path}: ${got}`);
    }
    await delay(AGAIN_AFTER_MS);
  }
}
