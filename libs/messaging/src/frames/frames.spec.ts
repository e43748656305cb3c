import { MESSAGE_SCHEMA_VERSION } from '@stepwell/core';
import fc from 'fast-check';
import { until } from '../testing';
import { decodeAsk, decodeWork, encodeAsk, encodeWork } from './envelope';
import { FrameError } from './frame.error';
import { NewerMessage } from './newer-message';
import { decodeMessage, encodeMessage } from './message.frame';
import { PartAssembler } from './part.assembler';
import { decodePart, MAX_PART_BYTES, splitFrame, TRANSFER_BYTES } from './part.frame';

const heads = fc.jsonValue();
const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
const transfer = (): Uint8Array => new Uint8Array(TRANSFER_BYTES).fill(7);
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Anything but a result or a FrameError is a fault. */
const throwsNothingElse = (act: () => unknown): void => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError);
  }
};

describe('a message frame', () => {
  test('gives back what was put in, wherever the bytes lie', () => {
    fc.assert(
      fc.property(heads, bodies, fc.nat(50), (head, raw, offset) => {
        const frame = encodeMessage({ head, bodies: raw });
        const elsewhere = new Uint8Array(offset + frame.byteLength + 3);
        elsewhere.set(frame, offset);
        const decoded = decodeMessage(elsewhere.subarray(offset, offset + frame.byteLength));
        expect(decoded.head).toEqual(json(head));
        expect(decoded.bodies.map((each) => [...each])).toEqual(raw.map((each) => [...each]));
      }),
    );
  });

  test('gives views, not copies', () => {
    const frame = encodeMessage({ head: {}, bodies: [Uint8Array.of(1, 2, 3)] });
    expect(decodeMessage(frame).bodies[0]?.buffer).toBe(frame.buffer);
  });

  test('a body costs its own size', () => {
    const size = (length: number): number => encodeMessage({ head: {}, bodies: [new Uint8Array(length)] }).byteLength;
    expect(size(100_000) - size(0)).toBe(100_000);
  });

  test('garbage is a FrameError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
        throwsNothingElse(() => decodeMessage(garbage));
        throwsNothingElse(() => decodePart(garbage));
        throwsNothingElse(() => new PartAssembler().accept(garbage));
      }),
    );
    fc.assert(
      fc.property(heads, bodies, fc.nat(), fc.integer({ min: 0, max: 255 }), (head, raw, at, value) => {
        const frame = encodeMessage({ head, bodies: raw });
        frame[at % frame.byteLength] = value;
        throwsNothingElse(() => decodeMessage(frame));
        throwsNothingElse(() => decodeAsk(frame));
        throwsNothingElse(() => decodeWork(frame.subarray(0, at % frame.byteLength)));
      }),
    );
  });

  test('envelopes carry id and name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), heads, bodies, (ask, askId, head, raw) => {
        const message = { head, bodies: raw };
        expect(decodeAsk(encodeAsk({ ask, askId, message }))).toMatchObject({
          ask,
          askId,
          message: { head: json(head) },
        });
        expect(decodeWork(encodeWork({ effectId: askId, message }))).toMatchObject({ effectId: askId });
      }),
    );
    expect(() => decodeAsk(encodeMessage({ head: null, bodies: [] }))).toThrow(FrameError);
    expect(() => decodeWork(encodeMessage({ head: { id: 1 }, bodies: [] }))).toThrow(FrameError);
  });
});

describe('what a newer program sent', () => {
  const message = { head: { later: true }, bodies: [] };

  test('is not read when it has to be known, and is when it does not', () => {
    const newer = MESSAGE_SCHEMA_VERSION + 1;
    expect(() => decodeAsk(encodeAsk({ ask: 'Submit', askId: 'a', schema: newer, message }))).toThrow(NewerMessage);
    expect(() => decodeWork(encodeWork({ effectId: 'e', schema: newer, message }))).toThrow(NewerMessage);
    for (const schema of [undefined, 1, MESSAGE_SCHEMA_VERSION]) {
      expect(decodeAsk(encodeAsk({ ask: 'Submit', askId: 'a', schema, message })).message).toEqual(message);
      expect(decodeWork(encodeWork({ effectId: 'e', schema, message })).message).toEqual(message);
    }
  });

  test('may have more in its envelope than we know', () => {
    const head = { ask: 'Submit', id: 'a', traced: 'yes', head: message.head };
    expect(decodeAsk(encodeMessage({ head, bodies: [] })).message).toEqual(message);
    expect(decodeWork(encodeMessage({ head, bodies: [] })).message).toEqual(message);
  });
});

describe('parts', () => {
  const large = new Uint8Array(MAX_PART_BYTES * 2 + 17).map((_, index) => index ^ (index >> 9));

  test('what fits is not split', () => {
    expect(splitFrame(large.subarray(0, MAX_PART_BYTES), transfer)).toHaveLength(1);
  });

  test('any order and any repetition gives the whole, once', () => {
    const parts = splitFrame(large, transfer);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 0, 1, 2], { minLength: 6 }), (order) => {
        const assembler = new PartAssembler();
        const wholes: Uint8Array[] = [];
        const seen = new Set<number>();
        for (const index of order) {
          if (seen.size === 3) break;
          seen.add(index);
          const whole = assembler.accept(parts[index] ?? Uint8Array.of());
          if (whole !== undefined) wholes.push(whole);
        }
        expect(wholes).toHaveLength(1);
        expect(Buffer.compare(wholes[0] ?? Buffer.alloc(0), large)).toBe(0);
        expect(assembler.bytesInAssembly).toBe(0);
        assembler.close();
      }),
      { numRuns: 20 },
    );
  });

  test('bytes in assembly are bounded, and what comes too late is dropped', async () => {
    const assembler = new PartAssembler({ maxBytes: large.byteLength * 1.5, maxAgeMs: 30 });
    const [first = large, ...others] = splitFrame(large, transfer);
    const [another = large] = splitFrame(large, () => new Uint8Array(TRANSFER_BYTES));
    expect(assembler.accept(first)).toBeUndefined();
    expect(() => assembler.accept(another)).toThrow(FrameError);
    await until(() => assembler.bytesInAssembly === 0);
    expect(others.map((part) => assembler.accept(part))).toEqual([undefined, undefined]);
    assembler.close();
  });
});
