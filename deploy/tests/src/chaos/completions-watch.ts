import type { NatsConnection } from 'nats';
import { connect } from 'nats';
import { readCompletions } from '../e2e/completions';

/** Somebody who subscribes to completions all the time, and reads the stream's whole rest in the end: it may have been forgotten before. */
export class CompletionsWatch {
  /** `runId:outcome`. */
  readonly seen = new Set<string>();

  private constructor(
    private readonly url: string,
    private readonly connection: NatsConnection,
  ) {}

  static async begin(url: string): Promise<CompletionsWatch> {
    const { host, username: user, password: pass } = new URL(url);
    const connection = await connect({
      servers: host,
      user,
      pass,
      inboxPrefix: '_INBOX_reader',
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    const watch = new CompletionsWatch(url, connection);
    const subscription = connection.subscribe('stepwell.runs.>');
    void (async () => {
      for await (const message of subscription) {
        const { workflowRunId, outcome } = message.json<{ workflowRunId: string; outcome: string }>();
        watch.seen.add(`${workflowRunId}:${outcome}`);
      }
    })();
    return watch;
  }

  /** Which of these were never told. */
  async missing(expected: readonly string[], limitMs: number): Promise<string[]> {
    const isMissing = (id: string): boolean => !this.seen.has(id);
    if (expected.some(isMissing)) {
      await readCompletions(
        this.url,
        (inStream) => {
          for (const { workflowRunId, outcome } of inStream.values()) this.seen.add(`${workflowRunId}:${outcome}`);
          return !expected.some(isMissing);
        },
        limitMs,
      );
    }
    return expected.filter(isMissing);
  }

  stop(): Promise<void> {
    return this.connection.close();
  }
}
