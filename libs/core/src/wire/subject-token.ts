import { decodeBase64, encodeBase64UrlText } from './base64';

/**
 * Users' text as one token of a message subject (architecture.md section 9): what needs no encoding stays readable, so that
 * an outsider can subscribe to `stepwell.runs.completed.onboarding`; everything else is base64url behind a prefix.
 *
 * Two different texts never have the same token: a text that itself begins with a prefix is encoded, too, and a text with
 * lone surrogates, which UTF-8 cannot express, goes by its UTF-16 code units under a prefix of its own.
 */
const UTF8_PREFIX = 'b64_';
const UTF16_PREFIX = 'u16_';

const PLAIN = /^(?!b64_|u16_)[A-Za-z0-9_-]+$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

export function subjectToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (LONE_SURROGATE.test(text)) return UTF16_PREFIX + encodeBase64UrlText(utf16Bytes(text));
  return UTF8_PREFIX + encodeBase64UrlText(new TextEncoder().encode(text));
}

/** The text a token stands for; undefined for what is no token. */
export function decodeSubjectToken(token: string): string | undefined {
  if (PLAIN.test(token)) return token;
  const bytes = decodeBase64(token.slice(UTF8_PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'));
  if (bytes === undefined || !/^(?:b64|u16)_/.test(token)) return undefined;
  const text = token.startsWith(UTF8_PREFIX) ? new TextDecoder().decode(bytes) : utf16Text(bytes);
  return subjectToken(text) === token ? text : undefined;
}

function utf16Text(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    text += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  }
  return text;
}

function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    bytes[i * 2] = unit >> 8;
    bytes[i * 2 + 1] = unit & 0xff;
  }
  return bytes;
}
