import type { BodyReference, BodySegmentReference, DeliverItem, Message } from '@stepwell/core';
import { encodeBase64, message } from '@stepwell/core';
import type { RequestBody } from '../outbound/http-attempt';
import type { ByteBudget, ByteHold } from '@stepwell/platform';
import type { Tail } from './history.tails';
import type { RunAddress, RunHistory } from './run.history';

/*
 * Puts a delivery's body together from its segments (H4). The result is pieces in order, exactly the bytes that are hashed and
 * sent; large ones are never joined.
 *
 * 1. Small bodies don't wait for the byte budget: a few that are large must not stop the many that aren't.
 * 2. The hold of a large body ends when `sent` is called, or at once when the assembly fails.
 */

/** Below this a body waits for nobody. */
const UNBUDGETED_BYTES = 128 * 1024;
const COMMA = Buffer.from(',');
const TAIL_END = Buffer.from('}');

export interface DeliveryBody extends RequestBody {
  /** What it leaves out; absent = it is whole. */
  readonly tail?: Tail;
  /** Of the history, those in it, in order. */
  readonly entries: readonly Uint8Array[];
}

export class BodyAssembler {
  constructor(
    private readonly history: RunHistory,
    private readonly budget: ByteBudget,
  ) {}

  /**
   * @param tail what is left out, and not asked for; the list is then in an object, which nobody takes for a whole list.
   * @throws RunGone, NobodyAnswered
   */
  async assemble(work: Message<DeliverItem>, tail?: Tail): Promise<DeliveryBody> {
    const knownBytes = work.head.segments.reduce((sum, segment) => sum + knownSize(segment, work.bodies), 0);
    let hold: ByteHold | undefined;
    if (knownBytes > UNBUDGETED_BYTES) hold = await this.budget.hold(knownBytes);
    try {
      const pieces: Uint8Array[] = tail === undefined ? [] : [tailStart(tail)];
      let entries: readonly Uint8Array[] = [];
      for (const segment of work.head.segments) {
        if ('entries' in segment) {
          const from = tail?.omitted ?? segment.entries.from;
          const range = { from, to: segment.entries.to };
          const heads = message(work.head.tail, work.bodies);
          entries =
            this.history.known(work.head, range, heads) ?? (await this.history.entries(work.head, range, heads));
          addList(pieces, entries);
        } else if ('base64Of' in segment) {
          pieces.push(encodeBase64(await this.history.body(work.head, segment.base64Of, work.bodies)));
        } else {
          pieces.push(literalOf(segment.literal, work.bodies));
        }
      }
      if (tail !== undefined) pieces.push(TAIL_END);
      const sizeBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
      // What the history turns out to be was not known before; it is counted from now on.
      if (hold === undefined && sizeBytes > UNBUDGETED_BYTES) hold = await this.budget.hold(sizeBytes);
      else hold?.resize(sizeBytes);
      const held = hold;
      return {
        pieces,
        sizeBytes,
        ...(tail !== undefined && { tail }),
        entries,
        sent: () => {
          held?.release();
        },
      };
    } catch (error) {
      hold?.release();
      throw error;
    }
  }

  /** The body of a call-out: one reference. @throws RunGone, NobodyAnswered */
  async fetch(run: RunAddress, reference: BodyReference, bodies: readonly Uint8Array[]): Promise<RequestBody> {
    const knownBytes = referencedSize(reference, bodies);
    const hold = knownBytes > UNBUDGETED_BYTES ? await this.budget.hold(knownBytes) : undefined;
    try {
      const body = await this.history.body(run, reference, bodies);
      return {
        pieces: body.byteLength === 0 ? [] : [body],
        sizeBytes: body.byteLength,
        sent: () => {
          hold?.release();
        },
      };
    } catch (error) {
      hold?.release();
      throw error;
    }
  }
}

function literalOf(index: number, bodies: readonly Uint8Array[]): Uint8Array {
  const literal = bodies[index];
  if (literal === undefined) throw new RangeError(`a segment refers to body ${index}`);
  return literal;
}

function addList(pieces: Uint8Array[], entries: readonly Uint8Array[]): void {
  entries.forEach((entry, position) => {
    if (position > 0) pieces.push(COMMA);
    pieces.push(entry);
  });
}

const tailStart = ({ omitted, digest }: Tail): Uint8Array =>
  Buffer.from(`{"omitted":${omitted},"digest":"${digest}","entries":`);

function knownSize(segment: BodySegmentReference, bodies: readonly Uint8Array[]): number {
  if ('literal' in segment) return bodies[segment.literal]?.byteLength ?? 0;
  if ('base64Of' in segment) return (referencedSize(segment.base64Of, bodies) * 4) / 3;
  return 0;
}

function referencedSize(reference: BodyReference, bodies: readonly Uint8Array[]): number {
  return 'inline' in reference ? (bodies[reference.inline]?.byteLength ?? 0) : reference.blob.sizeBytes;
}
