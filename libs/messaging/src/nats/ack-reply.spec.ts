import { FrameError } from '../frames/frame.error';
import { nak, parseAckReply } from './ack-reply';

test('both shapes of a reply subject are understood, anything else is a FrameError', () => {
  const facts = { deliveryCount: 3, queuedAt: 1_700_000_000_123 };
  expect(parseAckReply('$JS.ACK.stream.consumer.3.10.11.1700000000123456789.5')).toEqual(facts);
  expect(parseAckReply('$JS.ACK._.acc.stream.consumer.3.10.11.1700000000123456789.5.random')).toEqual(facts);
  expect(() => parseAckReply('_INBOX.x')).toThrow(FrameError);
});

test('a delay is in nanoseconds', () => {
  expect(String(nak(1_500))).toBe('-NAK {"delay":1500000000}');
  expect(String(nak(0))).toBe('-NAK');
});
