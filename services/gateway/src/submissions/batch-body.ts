import { isUtf8 } from 'node:buffer';
import type { BatchItem, ReceivedItem } from '@stepwell/core';
import { parseBatchItem, receivedItem } from '@stepwell/core';
import { Problem } from '@stepwell/platform';

const headerValue = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };

/** Compiled by the HTTP server once; the only validation a hot request goes through before the parser (architecture.md 7a). */
export const batchSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['destination'],
    properties: {
      destination: { type: 'string', description: 'A URL.', examples: ['https://app.example/api/onboarding'] },
      headers: {
        anyOf: [{ type: 'object', additionalProperties: headerValue }, { type: 'null' }],
        description: 'As those of the operation for one item; their names in any case.',
      },
      body: { description: 'Text is sent as it is, any other value as JSON text.' },
      queue: { type: ['string', 'null'], description: 'Refused with NOT_SUPPORTED.' },
    },
  },
} as const;

/** The body of a batch: a list of items, or one item alone. @throws Problem INVALID_JSON, BODY_TOO_LARGE */
export function parseBatch(body: Buffer, limit: number): unknown[] {
  const json = parseJson(body);
  const items: unknown[] = Array.isArray(json) ? json : [json];
  if (items.length > limit)
    throw new Problem('BODY_TOO_LARGE', `a batch has at most ${limit} items, not ${items.length}`);
  return items;
}

/** What a validated batch asks for. @throws Problem INVALID_JSON */
export function receivedItems(items: readonly BatchItem[]): ReceivedItem[] {
  return items.map((item) => {
    const received = receivedItem(item);
    if (!received.ok) throw new Problem(received.problem.code, received.problem.message);
    return received.value;
  });
}

/** The same of a batch that no schema has validated. @throws Problem INVALID_BODY, INVALID_JSON */
export const parsedItems = (items: readonly unknown[]): ReceivedItem[] =>
  items.map((item, place) => {
    const parsed = parseBatchItem(item);
    if (!parsed.ok) throw new Problem(parsed.problem.code, `body/${place}: ${parsed.problem.message}`);
    return parsed.value;
  });

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem('INVALID_JSON', 'the body is not UTF-8');
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new Problem('INVALID_JSON');
  }
}
