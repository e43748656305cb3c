import { isUtf8 } from 'node:buffer';
import { toHeaderMap } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { ReceivedItem } from './submission.desk';

/** One item as it is in the JSON (protocol.md 2.4). Its names are lower case by custom, not by rule. */
export interface BatchItem {
  readonly destination: string;
  readonly headers?: Readonly<Record<string, string | string[]>> | null;
  /** Any JSON value: `context.call` puts an object there. */
  readonly body?: unknown;
  readonly queue?: string | null;
}

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

export function receivedItem({ destination, headers, body, queue }: BatchItem): ReceivedItem {
  return {
    destination,
    headers: toHeaderMap(headers ?? {}),
    body: bodyText(body),
    ...(typeof queue === 'string' ? { queue } : {}),
  };
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem('INVALID_JSON', 'the body is not UTF-8');
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new Problem('INVALID_JSON');
  }
}

function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body === undefined) return '';
  try {
    return JSON.stringify(body);
  } catch {
    // Only the stack can be exhausted: the value came out of JSON.
    throw new Problem('INVALID_JSON', 'a body is nested too deeply');
  }
}
