import type { ErrorCode } from '@stepwell/core';
import { errors } from 'undici';
import type { BlockReason } from './destination.policy';
import { DestinationBlocked } from './guarded.connector';

/*
 * Names what went wrong with a request, in a code of the one table and a sentence that says what to do (habit 7). The codes' own
 * texts are in core; here is what only the caller knows: which host, which port, how long.
 */

export interface AttemptFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export const timedOut = (timeoutMs: number, phase: 'connecting' | 'waiting' | 'reading'): AttemptFailure => {
  const after = `within ${timeoutMs / 1000} s`;
  switch (phase) {
    case 'connecting':
      return {
        code: 'DELIVERY_TIMEOUT',
        message: `no connection ${after}: is the destination reachable from the server?`,
      };
    case 'waiting':
      return { code: 'DELIVERY_TIMEOUT', message: `no answer ${after}: answer sooner or raise the timeout` };
    case 'reading':
      return {
        code: 'DELIVERY_TIMEOUT',
        message: `the answer began but did not end ${after}: answer sooner or raise the timeout`,
      };
  }
};

export const tooLarge = (limitBytes: number, setting: string): AttemptFailure => ({
  code: 'RESPONSE_TOO_LARGE',
  message: `the answer has more than ${limitBytes} bytes: answer with less, or raise ${setting}`,
});

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: is the application listening there, and reachable from the server?',
  ENOTFOUND: 'the host name has no address: check its spelling and the DNS of the server',
  EAI_AGAIN: 'the host name could not be resolved at the moment: check the DNS of the server',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ECONNRESET: 'the connection was closed before the answer was complete',
  EPIPE: 'the connection was closed before the request was read',
  ETIMEDOUT: 'the connection could not be made in time',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  UND_ERR_CONNECT_TIMEOUT: 'the connection could not be made in time: a firewall may be dropping it',
};

/** @param error whatever the HTTP client rejected with. */
export function attemptFailure(error: unknown, url: URL): AttemptFailure {
  if (error instanceof DestinationBlocked) return { code: 'DESTINATION_BLOCKED', message: error.message };
  if (error instanceof errors.HeadersOverflowError) {
    return { code: 'RESPONSE_TOO_LARGE', message: 'the headers of the answer are too large' };
  }
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
    return { code: 'INVALID_DESTINATION', message: `the request cannot be sent: ${error.message}` };
  }
  if (error instanceof errors.HTTPParserError) {
    return { code: 'CONNECTION_FAILED', message: `${url.host} did not answer in HTTP: is the port right?` };
  }
  const code = codeOf(error);
  const hint = code === undefined ? undefined : HINTS[code];
  if (hint !== undefined) return { code: 'CONNECTION_FAILED', message: `${url.host}: ${hint} (${String(code)})` };
  if (code !== undefined && /CERT|TLS|SSL|SELF_SIGNED|ALTNAME/.test(code)) {
    return {
      code: 'CONNECTION_FAILED',
      message: `${url.host}: no trusted TLS connection: ${textOf(error)} (${code}); check the certificate, or NODE_EXTRA_CA_CERTS`,
    };
  }
  return { code: 'CONNECTION_FAILED', message: `${url.host}: ${textOf(error)}` };
}

export function blockReason(error: unknown): BlockReason | undefined {
  return error instanceof DestinationBlocked ? error.reason : undefined;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : (codeOf(error) ?? 'unknown error');
}
