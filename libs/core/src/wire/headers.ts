/**
 * Header maps, and what may be put on a request of ours.
 *
 * Owns: the one shape in which headers are held (lower-case names, one text each), Go's canonical spelling for what the
 * clients index by name, and the filters between what somebody sent us and what we send on. Does not own: the headers the
 * server itself writes on a delivery.
 *
 * 1. A map has one value per lower-case name. Several values of one name are joined by `,` (protocol.md 17: Go sends its
 *    feature set as two); a second *spelling* of a name is dropped, the first wins (protocol.md 8.4).
 * 2. What `deliverableForwards` lets through can be written to a socket: every name is a token, no value holds a character
 *    that an HTTP client would refuse or that could start another header. A stranger's header never breaks a delivery.
 * 3. What the server says about itself (signature, message id, run id, …) is never taken from a forwarded copy.
 */

export type HeaderMap = Readonly<Record<string, string>>;

/** As Node, undici and JSON bodies hold headers, or as a list of name and value, where names may repeat. */
export type HeaderSource = HeaderRecord | HeaderPairs;
type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;
type HeaderPairs = readonly (readonly [name: string, value: string])[];

const FORWARD_PREFIX = 'upstash-forward-';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 field content as bytes: tab, visible ASCII, and 0x80-0xff. Everything else throws in an HTTP client. */
const FIELD_CONTENT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Connection matters and identity of whoever sent the copy; `expect` and `trailer` besides, which undici refuses or ignores. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'proxy-connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
  'accept-encoding',
  'user-agent',
]);

/** What this server itself announces or asks of an endpoint is under this prefix, and says nothing in a copy. */
const OWN_PREFIX = 'stepwell-';

/** Written by the server on each delivery: a forwarded copy is a leftover of an earlier one. */
const WRITTEN_BY_SERVER: ReadonlySet<string> = new Set([
  'upstash-workflow-runid',
  'upstash-workflow-url',
  'upstash-workflow-init',
  'upstash-workflow-calltype',
  'upstash-workflow-createdat',
]);

/** Rule 1 over headers in any of their shapes; `undefined` values are left out. */
export function toHeaderMap(source: HeaderSource): HeaderMap {
  const merged: Record<string, string> = {};
  const spellings = new Map<string, string>();
  const add = (spelling: string, value: string): void => {
    const name = spelling.toLowerCase();
    const earlier = spellings.get(name);
    if (earlier === undefined) {
      spellings.set(name, spelling);
      define(merged, name, value.trim());
    } else if (earlier === spelling) define(merged, name, `${merged[name] ?? ''},${value.trim()}`);
  };
  forEachValue(source, add);
  return merged;
}

/** The headers under a prefix, without it: `headersUnder(h, 'upstash-failure-callback-')`. The prefix is lower case. */
export function headersUnder(headers: HeaderMap, prefix: string): HeaderMap {
  const found: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (name.length > prefix.length && name.startsWith(prefix)) {
      define(found, name.slice(prefix.length), headers[name] ?? '');
    }
  }
  return found;
}

/** The headers a submission asks to be forwarded, prefix removed, unfiltered (protocol.md 2.3). */
export function forwardsOf(headers: HeaderMap): HeaderMap {
  return headersUnder(headers, FORWARD_PREFIX);
}

/**
 * Of the forwarded headers (prefix removed) those that may be delivered, by protocol.md 2.5 and rules 2 and 3. Of `upstash-*`
 * only `upstash-workflow-*` flags and the label pass, so telemetry and copies of the server's own headers stay behind.
 */
export function deliverableForwards(forwards: HeaderMap): HeaderMap {
  return filtered(forwards, isDeliverable);
}

/**
 * Of the forwarded headers those that belong to the trigger configuration and go on every later message of the run
 * (protocol.md 5.2): the user's own. Re-applying an `upstash-` one would, for the unknown-SDK flag, loop for ever (5.5).
 */
export function triggerConfigForwards(forwards: HeaderMap): HeaderMap {
  return filtered(forwards, (name, value) => !name.startsWith('upstash-') && isDeliverable(name, value));
}

/** RFC 9110 token. */
export function isHeaderName(name: string): boolean {
  return TOKEN.test(name);
}

/** Can be sent as it is: no CR, LF, NUL or other control character, nothing beyond one byte a character. */
export function isHeaderValue(value: string): boolean {
  return FIELD_CONTENT.test(value);
}

/** A sentence about the first header that could never be sent, for the one who sent it; `undefined` if all can. */
export function headerProblem(headers: HeaderMap): string | undefined {
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? '';
    if (!isHeaderName(name)) return `${JSON.stringify(name.slice(0, 64))} is not a header name`;
    if (!isHeaderValue(value)) return `the value of header ${name} holds a character that a header cannot carry`;
  }
  return undefined;
}

/** Go's `textproto.CanonicalMIMEHeaderKey`: `content-type` gives `Content-Type`; what is no token comes back unchanged. */
export function canonicalHeaderName(name: string): string {
  if (!isHeaderName(name)) return name;
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** `{"Content-Type": ["text/plain"]}`, the form of headers inside callback and log JSON (protocol.md 3.3). */
export function toCanonicalHeaderLists(headers: HeaderSource): Record<string, string[]> {
  const lists = new Map<string, string[]>();
  forEachValue(headers, (name, value) => {
    const key = canonicalHeaderName(name);
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [value]);
    else list.push(value);
  });
  return Object.fromEntries(lists);
}

/** Without making a pair of each: this is done for every submission. */
function forEachValue(source: HeaderSource, told: (name: string, value: string) => void): void {
  if (isPairs(source)) {
    for (const [name, value] of source) told(name, value);
    return;
  }
  for (const name of Object.keys(source)) {
    const value = source[name];
    if (typeof value === 'string') told(name, value);
    else for (const one of value ?? []) told(name, one);
  }
}

function isPairs(source: HeaderSource): source is HeaderPairs {
  return Array.isArray(source);
}

function isDeliverable(name: string, value: string): boolean {
  if (!isHeaderName(name) || !isHeaderValue(value)) return false;
  if (name.startsWith('upstash-')) {
    return name === 'upstash-label' || (name.startsWith('upstash-workflow-') && !WRITTEN_BY_SERVER.has(name));
  }
  return !NEVER_FORWARDED.has(name) && !name.startsWith(OWN_PREFIX);
}

function filtered(headers: HeaderMap, keep: (name: string, value: string) => boolean): HeaderMap {
  const kept: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? '';
    if (keep(name, value)) define(kept, name, value);
  }
  return kept;
}

/** `__proto__` is a valid header name and must not reach the setter of that name. */
function define(headers: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
  else headers[name] = value;
}
