import type { HeaderMap } from './headers';
import { toHeaderMap } from './headers';

/*
 * Reading what somebody else's JSON holds. Total: no value whatever throws.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that a body is; undefined for any other body. */
export function parseJsonObject(body: string | Uint8Array): JsonObject | undefined {
  try {
    return asJsonObject(JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as unknown);
  } catch {
    return undefined;
  }
}

/** The value as an object of unknown fields, if it is one. */
export function asJsonObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** As `JSON.stringify` writes it (protocol.md 4); undefined for what it can't, which of parsed JSON is too deep nesting alone. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The body that a JSON value stands for: text as it is, any other value as its text, nothing as nothing; undefined as above. */
export function bodyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : jsonText(value);
}

/** `{"Name": "value" | ["value"]}`, in any case (protocol.md 8.4); null is none. Undefined when there is something else in it. */
export function headersInJson(value: unknown): HeaderMap | undefined {
  if (value === undefined || value === null) return {};
  const lists = asJsonObject(value);
  if (lists === undefined) return undefined;
  const pairs: [name: string, value: string][] = [];
  for (const [name, list] of Object.entries(lists)) {
    for (const one of Array.isArray(list) ? (list as unknown[]) : [list ?? undefined]) {
      if (typeof one === 'string') pairs.push([name, one]);
      else if (one !== undefined) return undefined;
    }
  }
  return toHeaderMap(pairs);
}
