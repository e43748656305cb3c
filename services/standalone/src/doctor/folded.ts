import type { EventLog, LogEntry, MailboxEvent, MailboxState, RunEvent, RunState } from '@stepwell/core';
import {
  evolve,
  evolveMailbox,
  isMailboxEventType,
  isRunEventType,
  mailboxStream,
  partitionOf,
  runStream,
} from '@stepwell/core';

/** A stream can't be folded: its log is damaged, or newer than this program. */
export class Unreadable extends Error {
  constructor(
    readonly stream: string,
    cause: unknown,
  ) {
    super(`${stream} can not be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'Unreadable';
  }
}

type Log = Pick<EventLog, 'readStream'>;

/** As committed. Undefined = the log knows no such run. @throws Unreadable; what the store throws */
export async function foldedRun(log: Log, runId: string): Promise<RunState | undefined> {
  let state: RunState | undefined;
  for await (const entry of entriesOf(log, runStream(runId))) {
    const events = eventsOf<RunEvent>(entry, isRunEventType);
    state = within(entry.stream, () => evolve(state, { ...placeOf(entry), events }).state);
  }
  return state;
}

export async function foldedMailbox(log: Log, eventId: string): Promise<MailboxState | undefined> {
  let state: MailboxState | undefined;
  for await (const entry of entriesOf(log, mailboxStream(eventId))) {
    const events = eventsOf<MailboxEvent>(entry, isMailboxEventType);
    state = within(entry.stream, () => evolveMailbox(state, { ...placeOf(entry), events }).state);
  }
  return state;
}

async function* entriesOf(log: Log, stream: string): AsyncIterable<LogEntry> {
  try {
    yield* log.readStream(partitionOf(stream), stream);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'CORRUPT_STREAM')
      throw new Unreadable(stream, error);
    throw error;
  }
}

const placeOf = ({ stream, version, at }: LogEntry) => ({ stream, version, at });

function eventsOf<Event extends RunEvent | MailboxEvent>(
  { stream, events }: LogEntry,
  knows: (type: string) => boolean,
): Event[] {
  return within(stream, () =>
    events.map(({ type, data, bodies }) => {
      if (!knows(type)) throw new Error(`unknown event ${type}: written by a newer version?`);
      return { type, data: JSON.parse(data) as unknown, bodies } as unknown as Event;
    }),
  );
}

function within<Result>(stream: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new Unreadable(stream, error);
  }
}
