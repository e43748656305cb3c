import fc from 'fast-check';
import { assembleStepList, encodeStepEntry, stepListLength, stepListParts, type StepEntry } from './step-entry';

const entry: fc.Arbitrary<StepEntry> = fc.record({
  messageId: fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
  callType: fc.constantFrom('step', 'toCallback', 'fromCallback'),
  body: fc.uint8Array(),
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe('step entries', () => {
  it('are written as protocol.md 7.1 shows them', () => {
    const body = new TextEncoder().encode('{"stepId":1}');
    expect(textOf(encodeStepEntry({ messageId: 'msg_1', callType: 'step', body }))).toBe(
      '{"messageId":"msg_1","body":"eyJzdGVwSWQiOjF9","callType":"step"}',
    );
    expect(textOf(encodeStepEntry({ messageId: 'msg_2', callType: 'fromCallback', body: new Uint8Array() }))).toBe(
      '{"messageId":"msg_2","body":"","callType":"fromCallback"}',
    );
  });

  it('make a list that is what JSON.stringify writes, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const list = assembleStepList(entries.map(encodeStepEntry));
        const expected = entries.map(({ messageId, callType, body }) => ({
          messageId,
          body: Buffer.from(body).toString('base64'),
          callType,
        }));
        expect(textOf(list)).toBe(JSON.stringify(expected));
        expect(textOf(list)).toBe(JSON.stringify(JSON.parse(textOf(list))));
      }),
    );
  });

  it('can be sent in parts of a known length', () => {
    const encoded = ['a', 'bb', ''].map((text) => new TextEncoder().encode(text));
    for (const entries of [[], encoded.slice(0, 1), encoded]) {
      const parts = [...stepListParts(entries)];
      expect(Buffer.concat(parts)).toEqual(Buffer.from(assembleStepList(entries)));
      expect(stepListLength(entries.map((one) => one.byteLength))).toBe(Buffer.concat(parts).byteLength);
    }
  });
});
