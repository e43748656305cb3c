import { placeOfEffect, streamOfEffect } from './effect-id';

test.each([
  ['run-wfr_1:12:0', 'run-wfr_1', 12, 0],
  ['run-a:b:3:7', 'run-a:b', 3, 7],
  ['mailbox-:::100:99999', 'mailbox-::', 100, 99_999],
])('%s names its stream, colons and all, and its place in it', (effectId, stream, version, k) => {
  expect(streamOfEffect(effectId)).toBe(stream);
  expect(placeOfEffect(effectId)).toEqual({ version, k });
});
