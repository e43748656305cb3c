import type { EventLog, MailboxState, RunState } from '@stepwell/core';
import { CorruptStream, partitionOf } from '@stepwell/core';
import { mailboxKey, runKey, Stream, UnreadableStream } from '@stepwell/run-state';

/* Streams as their owner folds them, for somebody who owns nothing. */

type Log = Pick<EventLog, 'readStream'>;

/** As committed. Undefined = the log knows no such run. @throws UnreadableStream; what the store throws */
export async function foldedRun(log: Log, runId: string): Promise<RunState | undefined> {
  const stream = new Stream(runKey(runId));
  await foldAll(log, stream);
  return stream.state;
}

/** The same of a mailbox. */
export async function foldedMailbox(log: Log, eventId: string): Promise<MailboxState | undefined> {
  const stream = new Stream(mailboxKey(eventId));
  await foldAll(log, stream);
  return stream.state;
}

async function foldAll(log: Log, stream: Pick<Stream<'run'> | Stream<'mailbox'>, 'name' | 'fold'>): Promise<void> {
  const { name } = stream;
  try {
    for await (const entry of log.readStream(partitionOf(name), name)) stream.fold(entry);
  } catch (error) {
    throw error instanceof CorruptStream ? new UnreadableStream(name, error) : error;
  }
}
