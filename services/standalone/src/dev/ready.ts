import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;
/** A gateway that dies, or is cut off, between a question and its answer is asked again. */
const ANSWER_LIMIT_MS = 10_000;

/** Resolves with true when the gateway answers a question that goes all the way to the log and back; with false when aborted. */
export async function untilReady(
  url: string,
  token: string,
  signal: AbortSignal,
  answerLimitMs = ANSWER_LIMIT_MS,
): Promise<boolean> {
  while (!signal.aborted) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]);
    if (await answers(`${url}/v2/workflows/logs?count=1`, token, limit)) return true;
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
