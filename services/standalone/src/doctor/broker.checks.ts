import type { NatsInspection, StreamReport } from '@stepwell/messaging';
import type { Finding } from './finding';
import { counted, fail, FIX, mended, ok, some, warn } from './finding';

/* NATS: is it there, and are the streams as planned, with room in them? */

/** Share of a stream's limits from which on it is worth a warning. */
const NEARLY_FULL = 0.8;

const isWork = ({ name }: StreamReport): boolean => name.includes('_WORK_');

/** One process has its work in memory, and needs NATS for the public topics alone. */
export const isForTopicsAlone = (streams: readonly StreamReport[]): boolean =>
  streams.some(({ state }) => state !== 'missing') &&
  streams.every((stream) => (stream.state === 'missing') === isWork(stream));

export async function brokerFindings(broker: NatsInspection, fix: boolean): Promise<Finding[]> {
  const { version, hasJetStream } = broker.server();
  if (!hasJetStream) {
    return [
      fail('nats', `NATS ${version} has no JetStream`, 'start it with JetStream (`-js`), and a folder of its own'),
    ];
  }
  const found = [ok('nats', `NATS ${version} with JetStream`)];
  const streams = await broker.streams();
  if (isForTopicsAlone(streams))
    return [...found, ok('streams', 'the public one is there; there are none for work, as for one process')];
  const wrong = streams.filter(({ state, hasConsumer }) => state !== 'there' || !hasConsumer);
  if (wrong.length === 0) return [...found, ...roomFindings(streams), ...(await strayFindings(broker))];
  const text = some(wrong.map(({ name, state }) => `${name} ${state === 'there' ? 'has no consumer' : `is ${state}`}`));
  if (!fix) return [...found, fail('streams', text, `${FIX}, or start run-state`)];
  await broker.mendStreams();
  const mendedNow = await broker.streams();
  const isWell = mendedNow.every(({ state, hasConsumer }) => state === 'there' && hasConsumer);
  const outcome = isWell
    ? mended('streams', `${text}; made as planned`)
    : fail('streams', text, 'what differs can’t be changed: stop all services, delete the stream, start them');
  return [...found, outcome, ...(await strayFindings(broker))];
}

function roomFindings(streams: readonly StreamReport[]): Finding[] {
  const full = streams.filter(
    (stream) =>
      // The public stream drops its oldest.
      isWork(stream) &&
      (stream.messages > stream.maxMessages * NEARLY_FULL || stream.bytes > stream.maxBytes * NEARLY_FULL),
  );
  if (full.length > 0) {
    const names = some(full.map(({ name, messages }) => `${name} (${counted(messages, 'item')})`));
    return [warn('streams', `nearly full: ${names}`, 'add http-callers, or look why their requests take so long')];
  }
  const queued = streams.filter(isWork).reduce((sum, { messages }) => sum + messages, 0);
  const small = streams.filter(({ isSmall }) => isSmall);
  const text = `${streams.length} as planned, ${counted(queued, 'item')} queued or under way`;
  if (small.length === 0) return [ok('streams', text)];
  return [
    warn(
      'streams',
      `${text}; smaller than planned: ${some(small.map(({ name, maxBytes }) => `${name} (${maxBytes} bytes)`))}`,
      'give JetStream a larger disk, if more than a few hours of work may pile up',
    ),
  ];
}

async function strayFindings(broker: NatsInspection): Promise<Finding[]> {
  const stray = await broker.strayStreams();
  if (stray.length === 0) return [];
  const todo =
    'start run-state, which removes those of an older epoch; a newer one means that this is an older copy of the store';
  return [warn('streams', `of another epoch than the store’s: ${some(stray)}`, todo)];
}
