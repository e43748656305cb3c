import type { CommandContext, Decision, LogEntry, Membership, Refused, RunEvent, Tenure } from '@stepwell/core';
import { EntryTooLarge, PartitionLost, Silence, runStream, type EventLog } from '@stepwell/core';
import { Settlement } from '../relay/settlement';
import { release } from './answer.release';
import { RunStream, serializeEvent } from './run-stream';

/**
 * One partition during one tenure: folds streams, decides commands in order, appends, and hands on what is owed after the commit.
 *
 * Owns: the optimistic state of the partition's streams. Does not own: how entries reach the store (event-store), what is decided
 * (core), how effects are sent (relay).
 *
 * 1. Decisions on a stream are made one after the other on a state that includes everything appended before (L3).
 * 2. Answers leave through {@link release} alone; effects leave after the commit alone (L4).
 * 3. When the tenure is lost, everything here is dropped with it: no part of it outlives the host.
 */
export interface HostDependencies {
  readonly log: EventLog;
  readonly membership: Membership;
  /** Unique seeds for ids made in deciding. */
  readonly newSeed: () => string;
  /** An entry of this stream was committed: what happened, and which effects became owed by it. */
  readonly onCommitted: (host: PartitionHost, stream: RunStream, committed: Committed) => void;
  readonly maxCachedStreams: number;
}

export interface Committed {
  readonly events: readonly RunEvent[];
  readonly owed: readonly string[];
}

export class PartitionHost {
  readonly settlement: Settlement;
  private readonly streams = new Map<string, RunStream>();
  private readonly loading = new Map<string, Promise<RunStream>>();
  private readonly withUnwritten = new Set<RunStream>();

  constructor(
    readonly tenure: Tenure,
    private readonly dependencies: HostDependencies,
  ) {
    this.settlement = new Settlement(tenure.claimedAt);
  }

  /** Decides a command on a run and answers when that may be done. A refusal is an answer too. */
  async execute<Answer extends object>(
    runId: string,
    decide: (state: RunStream['state'], context: CommandContext) => Decision<Answer>,
  ): Promise<Answer | Refused> {
    const stream = await this.stream(runStream(runId));
    const context = { at: this.tenure.nowMs(), seed: this.dependencies.newSeed() };
    const decision = decide(stream.state, context);
    if ('refused' in decision) return this.release(stream, decision, 'refused');
    for (const messageId of decision.succeeded ?? []) this.noteSuccess(stream, messageId);
    if (decision.accepted.length === 0) return this.release(stream, decision.answer, 'already-so');
    try {
      this.append(stream, decision.accepted);
    } catch (error) {
      if (error instanceof EntryTooLarge) return { refused: error.code, message: error.message };
      throw error instanceof PartitionLost ? new Silence(error.message) : error;
    }
    return this.release(stream, decision.answer, 'committed');
  }

  /** For what only reads: the folded stream, and the release of what was read from it. */
  async read<Answer>(runId: string, view: (stream: RunStream) => Answer | Promise<Answer>): Promise<Answer> {
    const stream = await this.stream(runStream(runId));
    await this.release(stream, undefined, 'read');
    return this.release(stream, await view(stream), 'read');
  }

  /** Reads committed entries of a run, oldest first. */
  entriesOf(runId: string): AsyncIterable<LogEntry> {
    return this.dependencies.log.readStream(this.tenure.partition, runStream(runId));
  }

  /** The lazy writes of L7: successes that nothing carried along meanwhile. */
  writeSuccesses(): void {
    for (const stream of [...this.withUnwritten]) {
      try {
        this.append(stream, []);
      } catch (error) {
        if (!(error instanceof PartitionLost || error instanceof Silence)) throw error;
        return;
      }
    }
  }

  /**
   * What a stream's state still owes, with the positions it came from; only what was committed before this tenure (E2). What is
   * appended meanwhile is handed on by its own commit.
   */
  async owedOf(name: string): Promise<{ stream: RunStream; owed: { effectId: string; n: number }[] }> {
    const stream = await this.stream(name);
    await stream.lastCommit;
    return { stream, owed: stream.owedAtLoad.filter(({ effectId }) => stream.state?.owed.has(effectId)) };
  }

  /** The folded stream, from memory or from the log. */
  async stream(name: string): Promise<RunStream> {
    this.assertHeld();
    const cached = this.streams.get(name);
    if (cached) {
      this.streams.delete(name);
      this.streams.set(name, cached);
      return cached;
    }
    let loading = this.loading.get(name);
    if (!loading) {
      loading = this.load(name).finally(() => this.loading.delete(name));
      this.loading.set(name, loading);
    }
    return loading;
  }

  private async load(name: string): Promise<RunStream> {
    const stream = new RunStream(name);
    const positions = new Map<string, number>();
    for await (const entry of this.dependencies.log.readStream(this.tenure.partition, name)) {
      for (const { effectId } of stream.fold(entry).owed) positions.set(effectId, entry.n);
    }
    stream.owedAtLoad = [...positions]
      .filter(([effectId]) => stream.state?.owed.has(effectId))
      .map(([effectId, n]) => ({ effectId, n }));
    this.assertHeld();
    this.streams.set(name, stream);
    this.evict();
    return stream;
  }

  private append(stream: RunStream, accepted: readonly RunEvent[]): void {
    this.assertHeld();
    const events = withSuccesses(stream, accepted);
    if (events.length === 0) {
      this.withUnwritten.delete(stream);
      return;
    }
    const version = stream.version + 1;
    const appended = this.tenure.append({
      stream: stream.name,
      version,
      previousSum: stream.sum,
      events: events.map(serializeEvent),
    });
    stream.unwritten.clear();
    this.withUnwritten.delete(stream);
    stream.sum = appended.sum;
    stream.recent.add(version, events);
    const changes = stream.evolve(version, appended.at, events);
    const owed = changes.owed.map(({ effectId }) => effectId);
    this.settlement.append(appended.n);
    stream.isCommitted = false;
    const commit = appended.committed.then(() => {
      if (stream.lastCommit === commit) stream.isCommitted = true;
      this.settlement.committed(appended.n, owed);
      for (const effectId of changes.settled) this.settlement.settle(effectId);
      this.dependencies.onCommitted(this, stream, { events, owed });
    });
    // Whoever waits for it sees the loss; if nobody does, the tenure's end tells.
    commit.catch(() => undefined);
    stream.lastCommit = commit;
  }

  private noteSuccess(stream: RunStream, messageId: string): void {
    const delivery = stream.state?.deliveries.get(messageId);
    if (!delivery) return;
    delivery.phase = 'succeeded';
    stream.unwritten.add(messageId);
    this.withUnwritten.add(stream);
  }

  private release<Answer>(stream: RunStream, answer: Answer, kind: Parameters<typeof release>[1]): Promise<Answer> {
    return release(answer, kind, {
      commit: stream.lastCommit,
      tenure: this.tenure,
      membership: this.dependencies.membership,
    });
  }

  private assertHeld(): void {
    if (this.tenure.lost.aborted) throw new Silence(`partition ${this.tenure.partition} is not held`);
  }

  /** Least recently used first; never a stream with something uncommitted or unwritten. */
  private evict(): void {
    if (this.streams.size <= this.dependencies.maxCachedStreams) return;
    for (const [name, stream] of this.streams) {
      if (this.streams.size <= this.dependencies.maxCachedStreams) return;
      if (stream.isCommitted && stream.unwritten.size === 0) this.streams.delete(name);
    }
  }
}

function withSuccesses(stream: RunStream, accepted: readonly RunEvent[]): readonly RunEvent[] {
  const messageIds = [...stream.unwritten].filter((messageId) => stream.state?.deliveries.has(messageId));
  if (messageIds.length === 0) return accepted;
  return [{ type: 'DeliveriesSucceeded', data: { messageIds }, bodies: [] }, ...accepted];
}
