import { base64Length, writeBase64 } from './base64';

/**
 * A JSON body in segments, some of which are the base64 of a body that lies elsewhere, named by a reference `T`. So a callback
 * around a large response can be described, stored and sent without the response being in memory twice.
 *
 * Assembled, the bytes are what `JSON.stringify` would write (protocol.md 4).
 */
export type BodySegment<T> = { readonly literal: Uint8Array } | { readonly base64Of: T };

/** One property: of JSON values, `undefined` leaves it out, as in `JSON.stringify`; so does a `base64Of: undefined`. */
export type JsonField<T> =
  | { readonly key: string; readonly value: JsonValue | undefined }
  | { readonly key: string; readonly base64Of: T | undefined };

type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const utf8 = new TextEncoder();

/** The object with these properties, in this order. Keys must not look like integers, which JSON.parse would move ahead. */
export function jsonObjectSegments<T>(fields: readonly JsonField<T>[]): BodySegment<T>[] {
  const segments: BodySegment<T>[] = [];
  let text = '{';
  let separator = '';
  for (const field of fields) {
    if ('value' in field) {
      if (field.value === undefined) continue;
      text += `${separator}${JSON.stringify(field.key)}:${JSON.stringify(field.value)}`;
    } else {
      if (field.base64Of === undefined) continue;
      segments.push({ literal: utf8.encode(`${text}${separator}${JSON.stringify(field.key)}:"`) });
      segments.push({ base64Of: field.base64Of });
      text = '"';
    }
    separator = ',';
  }
  segments.push({ literal: utf8.encode(`${text}}`) });
  return segments;
}

/** Bytes of the assembled body, from the lengths of the bodies it refers to. */
export function segmentsLength<T>(segments: readonly BodySegment<T>[], byteLengthOf: (reference: T) => number): number {
  return segments.reduce(
    (total, segment) =>
      total + ('literal' in segment ? segment.literal.byteLength : base64Length(byteLengthOf(segment.base64Of))),
    0,
  );
}

/** The body in one piece. */
export function assembleSegments<T>(
  segments: readonly BodySegment<T>[],
  bytesOf: (reference: T) => Uint8Array,
): Uint8Array {
  const assembled = new Uint8Array(segmentsLength(segments, (reference) => bytesOf(reference).byteLength));
  let at = 0;
  for (const segment of segments) {
    if ('literal' in segment) {
      assembled.set(segment.literal, at);
      at += segment.literal.byteLength;
    } else {
      at = writeBase64(bytesOf(segment.base64Of), assembled, at);
    }
  }
  return assembled;
}
