import { base64Length, writeBase64 } from './base64';

/**
 * The step list that a delivery carries (protocol.md 7.1), assembled from entries that were encoded once, when they were
 * appended (H4). Its bytes are exactly what `JSON.stringify` would write: endpoints verify the signature over their own
 * re-serialisation (protocol.md 4).
 */

/** Spelled as in the log; header values use the same spelling in any case. */
export type CallType = 'step' | 'toCallback' | 'fromCallback';

export interface StepEntry {
  readonly messageId: string;
  readonly callType: CallType;
  /** The bytes the client submitted, verbatim; empty for an empty payload. */
  readonly body: Uint8Array;
}

const utf8 = new TextEncoder();
const LIST_START = utf8.encode('[');
const LIST_END = utf8.encode(']');
const SEPARATOR = utf8.encode(',');
const ENTRY_END: Readonly<Record<CallType, Uint8Array>> = {
  step: utf8.encode('","callType":"step"}'),
  toCallback: utf8.encode('","callType":"toCallback"}'),
  fromCallback: utf8.encode('","callType":"fromCallback"}'),
};

/** `{"messageId":"…","body":"<base64>","callType":"step"}` */
export function encodeStepEntry({ messageId, callType, body }: StepEntry): Uint8Array {
  const before = entryStart(messageId);
  const after = ENTRY_END[callType];
  const encoded = new Uint8Array(before.byteLength + base64Length(body.byteLength) + after.byteLength);
  encoded.set(before);
  encoded.set(after, writeBase64(body, encoded, before.byteLength));
  return encoded;
}

/** Bytes of an encoded step with a body of so many bytes. */
export function stepEntryLength(messageId: string, bodyBytes: number): number {
  return entryStart(messageId).byteLength + base64Length(bodyBytes) + ENTRY_END.step.byteLength;
}

const entryStart = (messageId: string): Uint8Array => utf8.encode(`{"messageId":${JSON.stringify(messageId)},"body":"`);

/** Bytes of the list of entries of these lengths, for a `Content-Length` ahead of the parts. */
export function stepListLength(entryLengths: Iterable<number>): number {
  let total = LIST_START.byteLength + LIST_END.byteLength;
  let count = 0;
  for (const length of entryLengths) {
    total += length;
    count += 1;
  }
  return total + Math.max(0, count - 1) * SEPARATOR.byteLength;
}

/** The list in parts, to be hashed and sent one by one without a copy of the whole. */
export function* stepListParts(entries: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield LIST_START;
  let first = true;
  for (const entry of entries) {
    if (!first) yield SEPARATOR;
    first = false;
    yield entry;
  }
  yield LIST_END;
}

/** The list in one piece. */
export function assembleStepList(entries: readonly Uint8Array[]): Uint8Array {
  const list = new Uint8Array(stepListLength(entries.map((entry) => entry.byteLength)));
  let at = 0;
  for (const part of stepListParts(entries)) {
    list.set(part, at);
    at += part.byteLength;
  }
  return list;
}
