import type { Appended, Draft, LogEntry, Tenure } from '@stepwell/core';
import { EntryTooLarge, PartitionLost } from '@stepwell/core';

/** A log whose commits are the test's to make, one partition wide. */
export class HeldLog implements Tenure {
  readonly term = 2;
  readonly claimedAt = 100;
  readonly loss = new AbortController();
  readonly lost: AbortSignal = this.loss.signal;
  readonly drafts: Draft[] = [];
  readonly stored: LogEntry[] = [];
  tooLarge = false;
  now = 1_000;
  private readonly open: { draft: Draft; at: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(readonly partition: number) {}

  nowMs(): number {
    this.now += 1;
    return this.now;
  }

  append(draft: Draft): Appended {
    if (this.tooLarge) throw new EntryTooLarge(5, 4);
    this.drafts.push(draft);
    const at = draft.at ?? this.nowMs();
    const committed = new Promise<void>((resolve, reject) => {
      this.open.push({ draft, at, resolve, reject });
    });
    committed.catch(() => undefined);
    return { n: this.claimedAt + this.drafts.length, at, sum: `sum-${draft.version}`, committed };
  }

  async commit(): Promise<void> {
    for (const { draft, at, resolve } of this.open.splice(0)) {
      const { stream, version, events } = draft;
      const n = this.claimedAt + this.drafts.indexOf(draft) + 1;
      this.stored.push({ partition: this.partition, n, stream, version, at, term: 2, events, sum: `sum-${version}` });
      resolve();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  lose(): void {
    this.loss.abort();
    for (const { reject } of this.open.splice(0)) reject(new PartitionLost(this.partition, 'fenced'));
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  async *readStream(
    _partition: number,
    name: string,
    { fromVersion = 1 }: { fromVersion?: number } = {},
  ): AsyncIterable<LogEntry> {
    await new Promise((resolve) => setImmediate(resolve));
    yield* this.stored.filter(({ stream, version }) => stream === name && version >= fromVersion);
  }

  lastEntryOf(
    _partition: number,
    name: string,
    eventType: string,
    beforeVersion = Infinity,
  ): Promise<LogEntry | undefined> {
    return Promise.resolve(
      this.stored.findLast(
        ({ stream, version, events }) => stream === name && version < beforeVersion && events[0]?.type === eventType,
      ),
    );
  }
}
