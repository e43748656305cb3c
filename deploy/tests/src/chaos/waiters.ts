import type { Client } from '@upstash/workflow';
import { setTimeout as delay } from 'node:timers/promises';
import { DEV } from '../e2e/stepwell-under-test';
import type { Workflow } from '../e2e/workflow-app';

/* Runs that wait for the same event, twice each, and somebody who tells them of it, with another number every time. */

const AGAIN_AFTER_MS = 250;
const PATIENCE_MS = 40_000;

/** One try to tell an event. */
export interface Telling {
  readonly number: number;
  /** Whom the answer lists. Undefined: there was no answer, and nobody knows. */
  listed?: readonly string[];
}

export const waiting: Workflow = async (context) => {
  const eventId = String(context.requestPayload.input);
  const first = await context.waitForEvent('first', eventId, { timeout: '30m' });
  const second = await context.waitForEvent('second', eventId, { timeout: '30m' });
  return [first, second].map(({ timeout, eventData }) => (timeout ? 'timeout' : Number(eventData)));
};

/** Tells the event whenever somebody is known to wait for it, until all have ended. */
export async function tellWaiters(
  { engineUrl, client }: { readonly engineUrl: string; readonly client: Client },
  eventId: string,
  tellings: Telling[],
  areOver: () => Promise<boolean>,
): Promise<void> {
  while (!(await areOver().catch(() => false))) {
    const waiters = await client.getWaiters({ eventId }).catch(() => []);
    if (waiters.length > 0) {
      const telling: Telling = { number: tellings.length + 1 };
      tellings.push(telling);
      const listed = await tellOnce(engineUrl, eventId, telling.number).catch(() => undefined);
      if (listed) telling.listed = listed;
    }
    await delay(AGAIN_AFTER_MS);
  }
}

/** Not by the client: that would try again by itself, under the same number. */
async function tellOnce(engineUrl: string, eventId: string, number: number): Promise<string[] | undefined> {
  const answer = await fetch(`${engineUrl}/v2/notify/${eventId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${DEV.token}`, 'content-type': 'text/plain' },
    body: String(number),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) return undefined;
  return ((await answer.json()) as { workflowRunId: string }[]).map(({ workflowRunId }) => workflowRunId);
}
