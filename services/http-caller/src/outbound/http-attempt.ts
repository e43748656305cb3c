import type { ErrorCode, HeaderList, InlineAnswer } from '@stepwell/core';

/** What one request came to, before it is put into a report: the body is still bytes. */
export interface HttpAttempt {
  /** Absent = no usable answer came; then `error` says why. */
  readonly status?: number;
  /** Lower-case names, one pair per value, in the order received. */
  readonly headers: HeaderList;
  readonly body?: Uint8Array;
  /** What the answer submits to its run; then there is no `body` beside it. */
  readonly steps?: InlineAnswer;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly durationMs: number;
}

/** A request body as pieces: never joined when it is large (H4). */
export interface RequestBody {
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Called when the bytes are on their way, or will not be sent any more. More than once is the same as once. */
  readonly sent?: () => void;
}

export const NO_BODY: RequestBody = { pieces: [], sizeBytes: 0 };

export interface OutboundRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody;
  /** From the first byte sent, connecting included, to the last byte received. */
  readonly timeoutMs: number;
  /** Asked once, when the answer's headers (lower-case names) are there. */
  readonly answer: (status: number, headers: HeaderList) => AnswerRule;
}

/** How much of an answer's body is kept. */
export interface AnswerRule {
  readonly keeps: boolean;
  readonly maxBodyBytes: number;
  /** What a longer body is: cut there, or a failure, of which the setting is named that would let it through. */
  readonly over: 'cut' | { readonly raise: string };
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;
