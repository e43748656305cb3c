import { remembered } from '@stepwell/core';
import type { ExchangeEnd } from './http.exchange';

/** An absolute http(s) URL, or nothing. */
export const destinationOf = remembered((text): URL | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
});

/** The gateway refuses such destinations; one that came through all the same is an outcome, not a poison item. */
export function invalidDestination(text: string): ExchangeEnd {
  const message = `${JSON.stringify(text.slice(0, 200))} is not a complete http:// or https:// URL`;
  return { attempt: { headers: [], error: { code: 'INVALID_DESTINATION', message }, durationMs: 0 } };
}
