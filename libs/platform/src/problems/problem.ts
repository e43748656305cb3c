import type { ErrorBody, ErrorCode } from '@stepwell/core';
import { ERROR_CODES, errorBody, NobodyAnswered } from '@stepwell/core';
import { HttpException } from '@nestjs/common';

/** Answered beside 429 and 503, so that clients come back and don't hammer. */
const RETRY_AFTER_S = 1;

/** An error with a code of the one table (core's `rest/error-codes`). What it says may be shown to anybody. */
export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CODES[code].message,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(message, options);
    this.name = 'Problem';
    this.status = options.status ?? ERROR_CODES[code].status;
  }

  get body(): ErrorBody {
    return errorBody(this.code, this.message);
  }

  /** Headers to answer with. */
  get headers(): Readonly<Record<string, string>> {
    return this.isTemporary ? { 'retry-after': String(RETRY_AFTER_S) } : {};
  }

  /** The same request may well be taken a little later. */
  get isTemporary(): boolean {
    return this.status === 429 || this.status === 503;
  }
}

/**
 * The problem in an error of ours, of Nest, of Fastify or of the bus; `undefined` for what nobody foresaw, which is INTERNAL and
 * whose text may hold anything.
 */
export function problemIn(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof NobodyAnswered) return new Problem('UNAVAILABLE', undefined, { cause: error });
  if (error instanceof HttpException) return fromStatus(error.getStatus(), textOf(error), error);
  if (isFastifyError(error)) return fromStatus(error.statusCode, error.message, error);
  return undefined;
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_BODY',
  401: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA',
  429: 'OVERLOADED',
  501: 'NOT_SUPPORTED',
  503: 'UNAVAILABLE',
};

/** Fastify's words for a body that no parser takes. Nest passes its error on without the code that would say the same. */
const NOT_JSON = /not valid JSON/;

function fromStatus(status: number, message: string, cause: Error): Problem | undefined {
  if (status === 400 && NOT_JSON.test(message)) return new Problem('INVALID_JSON', undefined, { cause });
  const code = CODE_OF_STATUS[status];
  if (code !== undefined) return new Problem(code, status < 500 ? message : undefined, { cause });
  return status >= 400 && status < 500 ? new Problem('INVALID_BODY', message, { cause, status }) : undefined;
}

/** A Nest exception's own text; its validation pipe puts a list under `message`. */
function textOf(error: HttpException): string {
  const response = error.getResponse();
  if (typeof response === 'string') return response;
  const { message } = response as { message?: unknown };
  if (Array.isArray(message)) return message.join('; ');
  return typeof message === 'string' ? message : error.message;
}

interface FastifyError extends Error {
  readonly code: string;
  readonly statusCode: number;
}

function isFastifyError(error: unknown): error is FastifyError {
  if (!(error instanceof Error)) return false;
  const { code, statusCode } = error as Partial<FastifyError>;
  return typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_');
}
