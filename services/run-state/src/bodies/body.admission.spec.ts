import { MAX_INLINE_BODIES_BYTES, MAX_INLINE_BODY_BYTES } from '@stepwell/core';
import { blobsNamedBy, takeIn } from './body.admission';

const body = (bytes: number, fill = 'x'): Uint8Array => Buffer.alloc(bytes, fill);

describe('which bodies become blobs (L3, L5)', () => {
  it('none that fits', () => {
    const bodies = [body(0), body(MAX_INLINE_BODY_BYTES)];
    expect(takeIn(bodies)).toEqual({ bodies, blobs: [] });
  });

  it('one that is larger than an inline body may be', () => {
    const large = body(MAX_INLINE_BODY_BYTES + 1);
    const { bodies, blobs } = takeIn([body(1), large]);
    expect(blobs).toMatchObject([{ bytes: large, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(bodies).toEqual([body(1), { blob: blobs[0]?.sha256, sizeBytes: large.byteLength }]);
  });

  it('the largest, until the rest fits into one entry', () => {
    const sizes = [200, 250, 100, 240, 230, 220].map((kib) => kib * 1024);
    const { bodies } = takeIn(sizes.map((size) => body(size)));
    const inline = bodies.map((each) => (each instanceof Uint8Array ? each.byteLength : 0));
    expect(inline.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(MAX_INLINE_BODIES_BYTES);
    expect(inline).toEqual(sizes.map((size) => (size === 250 * 1024 ? 0 : size)));
  });

  it('writes those alone that an event would name', () => {
    const { bodies, blobs } = takeIn([body(300_000, 'a'), body(300_000, 'b')]);
    const [named] = bodies;
    if (!named || named instanceof Uint8Array) throw new Error('no blob');
    const event = { type: 'RunFinished', data: { result: named }, bodies: [] } as const;
    expect(blobsNamedBy([event], blobs)).toEqual([blobs[0]]);
    expect(blobsNamedBy([], blobs)).toEqual([]);
  });
});
