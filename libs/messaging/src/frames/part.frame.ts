import { FrameError } from './frame.error';

/*
 * One part of a frame that is too large for one NATS message (`max_payload` is 1 MiB by default).
 *
 *   0      u8   kind (2)
 *   1      12 B transfer: the same for all parts of one sending, and of no other
 *   13     u32  where the part begins in the whole
 *   17     u32  size of the whole
 *   21     the part
 */

const PART_KIND = 2;
export const MAX_PART_BYTES = 512 * 1024;
export const TRANSFER_BYTES = 12;
const HEADER_BYTES = 21;

export interface Part {
  readonly transfer: string;
  readonly offset: number;
  readonly totalBytes: number;
  readonly bytes: Uint8Array;
}

export const isPart = (bytes: Uint8Array): boolean => bytes[0] === PART_KIND;

/** The whole as one frame when it fits into one, else its parts. */
export function splitFrame(whole: Uint8Array, transfer: () => Uint8Array): Uint8Array[] {
  if (whole.byteLength <= MAX_PART_BYTES) return [whole];
  const id = transfer();
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < whole.byteLength; offset += MAX_PART_BYTES) {
    const chunk = whole.subarray(offset, offset + MAX_PART_BYTES);
    const part = Buffer.allocUnsafe(HEADER_BYTES + chunk.byteLength);
    part[0] = PART_KIND;
    part.set(id, 1);
    part.writeUInt32BE(offset, 13);
    part.writeUInt32BE(whole.byteLength, 17);
    part.set(chunk, HEADER_BYTES);
    parts.push(part);
  }
  return parts;
}

/** @throws FrameError */
export function decodePart(bytes: Uint8Array): Part {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.byteLength <= HEADER_BYTES || frame[0] !== PART_KIND) throw new FrameError('it does not begin like a part');
  const part: Part = {
    transfer: frame.toString('latin1', 1, 1 + TRANSFER_BYTES),
    offset: frame.readUInt32BE(13),
    totalBytes: frame.readUInt32BE(17),
    bytes: bytes.subarray(HEADER_BYTES),
  };
  if (part.offset + part.bytes.byteLength > part.totalBytes) throw new FrameError('a part exceeds its whole');
  return part;
}
