import type { Parsed } from './publish-options';
import { remembered } from './remembered';

/**
 * The URL something is sent to (protocol.md 2.1): absolute, http or https. It is kept as the sender wrote it, since endpoints
 * compare it and servers distinguish spellings that a parser would make the same. The one repair: proxies turn `https://` into `https:/`.
 */

/** Far above what servers accept; a destination is stored with every message of a run. */
const MAX_LENGTH = 8_192;
const SCHEME = /^https?:\//i;
const ONE_SLASH = /^(https?:\/)(?!\/)/i;
/** A URL parser would drop some of these silently; in a request line they would be somebody else's request. */
const UNSENDABLE = /[\s\p{Cc}]/u;

export const parseDestination = remembered((text): Parsed<string> => {
  const url = text.replace(ONE_SLASH, '$1/');
  if (url.length > MAX_LENGTH) return invalid(url, `is longer than ${MAX_LENGTH} characters`);
  if (!SCHEME.test(url)) return invalid(url, 'does not begin with http:// or https://');
  if (UNSENDABLE.test(url)) return invalid(url, 'holds a space or a control character');
  return URL.canParse(url) ? { ok: true, value: url } : invalid(url, 'is not a URL');
});

/** Scheme, host and port as they are written, of what {@link parseDestination} has taken; without parsing it again. */
export function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('//') + 2);
  return end < 0 ? url : url.slice(0, end);
}

/** Whether a destination that is no URL may be meant as the name of a URL group, or of a provider's API (protocol.md 2.1). */
export function looksLikeGroupName(text: string): boolean {
  return /^(?:api\/)?[A-Za-z0-9._-]+$/.test(text);
}

function invalid(url: string, why: string): Parsed<string> {
  const shown = JSON.stringify(url.length > 128 ? `${url.slice(0, 128)}…` : url);
  return { ok: false, problem: { code: 'INVALID_DESTINATION', message: `invalid destination url: ${shown} ${why}` } };
}
