import type { FastifyRequest } from 'fastify';
import { assembleSegments, jsonObjectSegments, toCanonicalHeaderLists } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { headerPairs } from '../http/header-pairs';

/**
 * The JSON that tells a run of a call of its webhook (protocol.md 8.4): the call as the third party made it, so that the client can
 * make a `Request` of it again. Where it can't, because the host is no host, the call is refused: it would break the run.
 *
 * Behind a trusted proxy scheme and host are those that the proxy was called by.
 *
 * @throws Problem INVALID_HEADER
 */
export function hookNotice(request: FastifyRequest): Uint8Array {
  const { method, protocol: proto, host, originalUrl: url } = request;
  if (!isCallable(`${proto}://${host}${url}`)) throw new Problem('INVALID_HEADER', 'this webhook has no such host');
  const body = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined;
  const segments = jsonObjectSegments<Uint8Array>([
    { key: 'method', value: method },
    { key: 'header', value: toCanonicalHeaderLists(headerPairs(request.raw)) },
    { key: 'body', base64Of: body },
    { key: 'proto', value: proto },
    { key: 'host', value: host },
    { key: 'url', value: url },
  ]);
  return assembleSegments(segments, (bytes) => bytes);
}

/** As `new Request` judges it: a URL without a user's name in it. */
function isCallable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
