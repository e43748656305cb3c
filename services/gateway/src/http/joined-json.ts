const COMMA = Buffer.from(',');

/** The items of a JSON list, each of which is JSON already: joined, not parsed. */
export const joined = (items: readonly Uint8Array[]): Buffer =>
  Buffer.concat(items.flatMap((item, place) => (place === 0 ? [item] : [COMMA, item])));
