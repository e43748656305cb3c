import type { Message } from '@stepwell/core';
import { FrameError } from './frame.error';

/*
 * A message as bytes: lengths, a small JSON head, raw bodies (architecture.md 7a). No body is ever inside JSON or base64.
 *
 *   0      u8   kind (1)
 *   1      u32  number of bodies, big-endian as all numbers here
 *   5      u32  length of the head
 *   9      u32  length of each body
 *   …      head, then the bodies
 *
 * Decoding copies nothing: bodies are views of the bytes received.
 */

const MESSAGE_KIND = 1;
const FIXED_BYTES = 9;
const LENGTH_BYTES = 4;

export function encodeMessage({ head, bodies }: Message<unknown>): Uint8Array {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  let at = FIXED_BYTES + bodies.length * LENGTH_BYTES;
  const frame = Buffer.allocUnsafe(bodies.reduce((sum, body) => sum + body.byteLength, at + headBytes));
  frame[0] = MESSAGE_KIND;
  frame.writeUInt32BE(bodies.length, 1);
  frame.writeUInt32BE(headBytes, 5);
  at += frame.write(json, at, headBytes, 'utf8');
  for (const [index, body] of bodies.entries()) {
    frame.writeUInt32BE(body.byteLength, FIXED_BYTES + index * LENGTH_BYTES);
    frame.set(body, at);
    at += body.byteLength;
  }
  return frame;
}

/** @throws FrameError */
export function decodeMessage(bytes: Uint8Array): Message<unknown> {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.byteLength < FIXED_BYTES || frame[0] !== MESSAGE_KIND)
    throw new FrameError('it does not begin like a message');
  const count = frame.readUInt32BE(1);
  const headStart = FIXED_BYTES + count * LENGTH_BYTES;
  if (headStart > frame.byteLength) throw new FrameError('it ends within the lengths');
  const headEnd = headStart + frame.readUInt32BE(5);
  const bodies: Uint8Array[] = [];
  let at = headEnd;
  for (let index = 0; index < count; index += 1) {
    const end = at + frame.readUInt32BE(FIXED_BYTES + index * LENGTH_BYTES);
    bodies.push(bytes.subarray(at, end));
    at = end;
  }
  if (at !== frame.byteLength) throw new FrameError('its lengths and its size differ');
  try {
    return { head: JSON.parse(frame.toString('utf8', headStart, headEnd)), bodies };
  } catch {
    throw new FrameError('its head is no JSON');
  }
}
