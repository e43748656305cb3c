import { streamOfEffect } from './effect-id';

test.each([
  ['run-wfr_1:12:0', 'run-wfr_1'],
  ['run-a:b:3:7', 'run-a:b'],
  ['mailbox-:::100:99999', 'mailbox-::'],
])('%s names its stream, colons and all', (effectId, stream) => {
  expect(streamOfEffect(effectId)).toBe(stream);
});
