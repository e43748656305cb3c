const LAST_CODE_POINT = 0x10_ffff;
const BEFORE_SURROGATES = 0xd7ff;
const AFTER_SURROGATES = 0xe000;

/** All texts from `from` on, up to and without `below`; to the end of all texts when there is none. */
export interface TextRange {
  readonly from: string;
  readonly below?: string;
}

/** Text as a store keeps it: UTF-8, which has no halves of surrogate pairs (each is U+FFFD). */
export function asStored(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * The texts that begin with `prefix`, as one range in the order of their UTF-8 bytes, which is that of their code points: an index finds
 * it, and no character of a user's text means anything. The range ends before the next text that is as long or shorter: its last code
 * point raised by one, or that before it where the last has no next.
 */
export function prefixRange(prefix: string): TextRange {
  const from = asStored(prefix);
  const codePoints = Array.from(from);
  for (let last = codePoints.pop(); last !== undefined; last = codePoints.pop()) {
    const value = last.codePointAt(0) ?? LAST_CODE_POINT;
    if (value === LAST_CODE_POINT) continue;
    const next = value === BEFORE_SURROGATES ? AFTER_SURROGATES : value + 1;
    return { from, below: codePoints.join('') + String.fromCodePoint(next) };
  }
  return { from };
}
