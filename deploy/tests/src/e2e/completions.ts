import { connect } from 'nats';

export interface Completion {
  readonly id: string;
  readonly outcome: string;
  readonly workflowRunId: string;
}

/**
 * Reads the public stream as an outsider would, from its beginning, until `enough` says so. At least once: the same completion may come
 * twice, under the same id.
 */
export async function readCompletions(
  natsUrl: string,
  enough: (seen: ReadonlyMap<string, Completion>) => boolean,
  limitMs = 60_000,
): Promise<Map<string, Completion>> {
  const { host, username: user, password: pass } = new URL(natsUrl);
  const connection = await connect({ servers: host, user, pass, inboxPrefix: '_INBOX_reader' });
  const seen = new Map<string, Completion>();
  try {
    const consumer = await connection.jetstream().consumers.get('STEPWELL_RUNS', { filterSubjects: 'stepwell.runs.>' });
    const messages = await consumer.consume();
    const giveUp = setTimeout(() => {
      messages.stop();
    }, limitMs);
    for await (const message of messages) {
      const completion = message.json<Completion>();
      seen.set(completion.id, completion);
      if (enough(seen)) break;
    }
    clearTimeout(giveUp);
    return seen;
  } finally {
    await connection.close();
  }
}
