import { STATUS_CODES } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorCode } from '@stepwell/core';
import { ERROR_CODES } from '@stepwell/core';
import type { Operation } from '@stepwell/gateway/description';
import { sourceOf } from '@stepwell/gateway/description';
import type { JsonSchema, Schemas } from './schemas';

/*
 * What an operation may answer with: its success, the errors it names, and those that any request may get, be it that the server's
 * HTTP parser gave up on it. An error's answer that looks the same in several operations is one component.
 */

export const JSON_TYPE = 'application/json';

type Responses = Record<string, JsonSchema>;

/** The connection's own, before there is a request (gateway.adapter.ts). */
const CONNECTION: readonly (readonly [code: ErrorCode, status: number])[] = [
  ['INVALID_HEADER', 400],
  ['INVALID_BODY', 408],
  ['INVALID_HEADER', 417],
  ['INVALID_HEADER', 431],
];

const RESPONSE_HEADERS: Readonly<Record<number, Record<string, JsonSchema>>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds.', schema: { type: 'string' } } },
  503: { 'Retry-After': { description: 'Seconds.', schema: { type: 'string' } } },
};

/** What every error answer looks like. */
export const errorSchema: JsonSchema = {
  type: 'object',
  description: 'Every error answer. What the codes mean, and what to do, is on the page of errors.',
  properties: {
    error: { type: 'string', description: 'A sentence for people.' },
    code: { type: 'string', enum: Object.keys(ERROR_CODES), description: 'It never changes its meaning.' },
  },
  required: ['error', 'code'],
};

export class ResponseComponents {
  private readonly made = new Map<string, JsonSchema>();

  get components(): Responses {
    return Object.fromEntries([...this.made].sort(([one], [other]) => one.localeCompare(other)));
  }

  of(operation: Operation, schemas: Schemas): Responses {
    const errors = [...errorsOf(operation)].sort(([one], [other]) => one - other);
    return Object.fromEntries([
      [operation.status, successOf(operation, schemas)],
      ...errors.map(([status, codes]) => [status, this.error(status, codes, operation)]),
    ]) as Responses;
  }

  private error(status: number, codes: readonly ErrorCode[], { id, method }: Operation): JsonSchema {
    // An answer to HEAD has no body to describe.
    if (method === 'HEAD') return { description: meaningOf(codes) };
    const response = {
      description: meaningOf(codes),
      ...(RESPONSE_HEADERS[status] ? { headers: RESPONSE_HEADERS[status] } : {}),
      content: { [JSON_TYPE]: { schema: withCodes(codes) } },
    };
    const known = [...this.made].find(([, made]) => isDeepStrictEqual(made, response))?.[0];
    const name = known ?? nameOf(status, codes, id);
    this.made.set(name, response);
    return { $ref: `#/components/responses/${name}` };
  }
}

/** One code's own name; several have that of the operation that met them first. */
function nameOf(status: number, [code, ...others]: readonly ErrorCode[], id: string): string {
  if (code === undefined || others.length > 0) return `${id}_${status}`;
  return ERROR_CODES[code].status === status ? code : `${code}_${status}`;
}

/** Codes by status. */
export function errorsOf({ errors, open, query, queryBody, method }: Operation): Map<number, ErrorCode[]> {
  const all = [
    ...CONNECTION,
    ...(open ? [] : ['UNAUTHORIZED' as const]),
    ...(query ? ['INVALID_QUERY' as const] : []),
    ...(queryBody ? ['INVALID_JSON' as const, 'INVALID_BODY' as const] : []),
    ...(method === 'GET' || method === 'HEAD' ? [] : ['BODY_TOO_LARGE' as const]),
    ...errors,
    'INTERNAL' as const,
  ];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const each of all) {
    const [code, status] = typeof each === 'string' ? [each, ERROR_CODES[each].status] : each;
    const known = byStatus.get(status) ?? [];
    if (!known.includes(code)) byStatus.set(status, [...known, code]);
  }
  return byStatus;
}

function successOf({ answer, status, method }: Operation, schemas: Schemas): JsonSchema {
  const description = STATUS_CODES[status] ?? '';
  return method === 'HEAD'
    ? { description }
    : { description, content: { [JSON_TYPE]: { schema: schemas.of(sourceOf(answer)) } } };
}

const withCodes = (codes: readonly ErrorCode[]): JsonSchema => ({
  allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: codes } } }],
});

function meaningOf(codes: readonly ErrorCode[]): string {
  const [code, ...others] = codes;
  if (code !== undefined && others.length === 0) return `${ERROR_CODES[code].message}.`;
  return codes.map((each) => `- \`${each}\`: ${ERROR_CODES[each].message}`).join('\n');
}
