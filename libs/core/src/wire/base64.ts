/**
 * Base64 (RFC 4648) on bytes, without Node's Buffer, so that core runs wherever the client library does.
 *
 * It is on the hot path (every step's body is encoded once, at append), hence the table: two characters at a time from a
 * 12-bit index instead of four lookups per three bytes.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d;
const INVALID = 0xff;
const VIEW_PAYS_FROM_BYTES = 1_024;

const ENCODE = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
/** Two encoded characters per 12-bit value, as they lie in memory. */
const ENCODE_PAIR = new Uint16Array(4096);
const DECODE = new Uint8Array(256).fill(INVALID);

const pairBytes = new Uint8Array(ENCODE_PAIR.buffer);
for (let value = 0; value < 4096; value += 1) {
  pairBytes[value * 2] = ENCODE[value >> 6] ?? 0;
  pairBytes[value * 2 + 1] = ENCODE[value & 63] ?? 0;
}
ENCODE.forEach((char, value) => {
  DECODE[char] = value;
});

const ascii = new TextDecoder();

/** Length of the padded encoding of that many bytes. */
export function base64Length(byteLength: number): number {
  return Math.ceil(byteLength / 3) * 4;
}

/** Standard alphabet with padding, as ASCII bytes. */
export function encodeBase64(bytes: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(base64Length(bytes.byteLength));
  writeBase64(bytes, encoded, 0);
  return encoded;
}

/** As text. */
export function encodeBase64Text(bytes: Uint8Array): string {
  return ascii.decode(encodeBase64(bytes));
}

/** URL-safe alphabet without padding, as text. */
export function encodeBase64UrlText(bytes: Uint8Array): string {
  return encodeBase64Text(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Encodes into `target` from `offset` on, where `base64Length` bytes must be free; answers the offset behind. */
export function writeBase64(bytes: Uint8Array, target: Uint8Array, offset: number): number {
  const length = bytes.byteLength;
  const wholeGroups = length - (length % 3);
  let at = offset;
  let i = 0;
  // Two characters can be stored at once where the first lies at an even address; for a short body the view costs more.
  if (length >= VIEW_PAYS_FROM_BYTES && (target.byteOffset + offset) % 2 === 0) {
    const pairs = new Uint16Array(target.buffer, target.byteOffset + offset, (wholeGroups / 3) * 2);
    for (let pair = 0; i < wholeGroups; i += 3, pair += 2) {
      const group = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2);
      pairs[pair] = ENCODE_PAIR[group >> 12] as number;
      pairs[pair + 1] = ENCODE_PAIR[group & 0xfff] as number;
    }
    at += (wholeGroups / 3) * 4;
  } else {
    for (; i < wholeGroups; i += 3, at += 4) {
      const group = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2);
      target[at] = ENCODE[group >> 18] as number;
      target[at + 1] = ENCODE[(group >> 12) & 63] as number;
      target[at + 2] = ENCODE[(group >> 6) & 63] as number;
      target[at + 3] = ENCODE[group & 63] as number;
    }
  }
  if (i < length) {
    const two = i + 2 === length;
    const group = (byteAt(bytes, i) << 16) | (two ? byteAt(bytes, i + 1) << 8 : 0);
    target[at] = ENCODE[group >> 18] as number;
    target[at + 1] = ENCODE[(group >> 12) & 63] as number;
    target[at + 2] = two ? (ENCODE[(group >> 6) & 63] as number) : PADDING;
    target[at + 3] = PADDING;
    at += 4;
  }
  return at;
}

/**
 * The bytes of a standard-alphabet encoding given as text or ASCII bytes; `undefined` for anything else. Padding may be
 * missing altogether; white space, the URL alphabet, half a padding and stray bits behind the last byte are refused, so that
 * no two padded texts mean the same bytes.
 */
export function decodeBase64(encoded: string | Uint8Array): Uint8Array | undefined {
  const source = typeof encoded === 'string' ? asciiBytes(encoded) : encoded;
  if (source === undefined) return undefined;
  let length = source.byteLength;
  if (length % 4 === 0 && length > 0 && source[length - 1] === PADDING)
    length -= source[length - 2] === PADDING ? 2 : 1;
  const rest = length % 4;
  if (rest === 1) return undefined;

  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let at = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4, at += 3) {
    const a = sextet(source, i);
    const b = sextet(source, i + 1);
    const c = sextet(source, i + 2);
    const d = sextet(source, i + 3);
    if ((a | b | c | d) > 63) return undefined;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
  }
  if (rest === 0) return bytes;
  const a = sextet(source, i);
  const b = sextet(source, i + 1);
  const c = rest === 3 ? sextet(source, i + 2) : 0;
  if ((a | b | c) > 63) return undefined;
  bytes[at] = (a << 2) | (b >> 4);
  if (rest === 3) bytes[at + 1] = (b << 4) | (c >> 2);
  const strayBits = rest === 3 ? c & 0b11 : b & 0b1111;
  return strayBits === 0 ? bytes : undefined;
}

/** In range by construction; a check per byte would cost more than the encoding. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

function sextet(source: Uint8Array, index: number): number {
  return DECODE[source[index] as number] as number;
}

function asciiBytes(text: string): Uint8Array | undefined {
  const bytes = new TextEncoder().encode(text);
  return bytes.byteLength === text.length ? bytes : undefined;
}
