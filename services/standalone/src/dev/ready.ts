import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;

/** Resolves with true when the gateway answers a question that goes all the way to the log and back; with false when aborted. */
export async function untilReady(url: string, token: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await answers(`${url}/v2/workflows/logs?count=1`, token, signal)) return true;
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function answers(url: string, token: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { headers: { authorization: `Bearer ${token}` }, signal }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => {
      resolve(false);
    });
    asked.end();
  });
}
