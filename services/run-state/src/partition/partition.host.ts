import type { CommandContext, Decision, EventLog, LogEntry, Membership, RunEvent, Tenure } from '@stepwell/core';
import { CorruptStream, EntryTooLarge, PartitionLost, partitionOf, runStream, Silence } from '@stepwell/core';
import type { BlobStore, Refused } from '@stepwell/core';
import type { Logger } from 'pino';
import type { NewBlob } from '../bodies/body.admission';
import { blobsNamedBy, writeBlobs } from '../bodies/body.admission';
import { Settlement } from '../relay/settlement';
import type { AnswerKind } from './answer.release';
import { release } from './answer.release';
import { RunStream, serializeEvent, UnreadableRun } from './run-stream';

/**
 * One partition during one tenure: folds streams, decides commands in order, appends, and hands on what is owed after the commit.
 *
 * Owns: the optimistic state of the partition's streams. Does not own: how entries reach the store (event-store), what is decided
 * (core), how effects are sent (relay).
 *
 * 1. Decisions on a stream are made one after the other on a state that includes everything appended before (L3): finding the
 *    stream, deciding and appending are one turn, and there is never a second object for the same stream.
 * 2. Answers leave through {@link release} alone; effects leave after the commit alone (L4).
 * 3. A position is the settlement's from the turn it is given away: the checkpoint never passes one that isn't known settled (E1).
 * 4. When the tenure is lost, everything here is dropped with it: no part of it outlives the host.
 */
export interface HostDependencies {
  readonly log: EventLog;
  readonly blobs: BlobStore;
  readonly membership: Pick<Membership, 'leaseIsValid'>;
  readonly logger: Logger;
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

type Decide<Answer> = (state: RunStream['state'], context: CommandContext) => Decision<Answer>;
type Accepted<Answer> = Extract<Decision<Answer>, { readonly accepted: unknown }>;

export class PartitionHost {
  readonly settlement: Settlement;
  private readonly streams = new Map<string, RunStream>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly withUnwritten = new Set<RunStream>();
  /** Of the entry appended last: commits of one tenure come in order. */
  private lastCommit: Promise<void> = Promise.resolve();

  constructor(
    readonly tenure: Tenure,
    private readonly dependencies: HostDependencies,
  ) {
    this.settlement = new Settlement(tenure.claimedAt);
    tenure.lost.addEventListener('abort', () => {
      this.streams.clear();
      this.withUnwritten.clear();
    });
  }

  /**
   * Decides a command on a run and answers when that may be done. A refusal is an answer too. Of the command's `blobs` those are
   * written, beforehand, that what is accepted will name (L5).
   *
   * @throws Silence; UnreadableRun; whatever the store throws while it can't be reached
   */
  async execute<Answer extends object>(
    runId: string,
    decide: Decide<Answer>,
    blobs: readonly NewBlob[] = [],
  ): Promise<Answer | Refused> {
    const written = new Set<NewBlob>();
    for (;;) {
      const step = await this.within(runStream(runId), (stream) => {
        const context = { at: this.tenure.nowMs(), seed: this.dependencies.newSeed() };
        const decision = decide(stream.state, context);
        if ('refused' in decision) return { answer: this.release<Answer | Refused>(stream, decision, 'refused') };
        const unwritten = blobsNamedBy(decision.accepted, blobs).filter((blob) => !written.has(blob));
        return unwritten.length > 0 ? { unwritten } : { answer: this.accept(stream, decision, context.at) };
      });
      if (step.unwritten === undefined) return step.answer;
      // Written first, then decided anew: the run may have gone on meanwhile.
      await writeBlobs(this.dependencies.blobs, runId, step.unwritten);
      for (const blob of step.unwritten) written.add(blob);
    }
  }

  /** For what only reads: the folded stream, and the release of what was read from it. Everything asked before is in the log. */
  async read<Answer>(runId: string, view: (stream: RunStream) => Answer | Promise<Answer>): Promise<Answer> {
    const name = runStream(runId);
    await this.within(name, (stream) => this.release(stream, undefined, 'read'));
    const answer = await this.within(name, view);
    return this.within(name, (stream) => this.release(stream, answer, 'read'));
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
        if (error instanceof PartitionLost || error instanceof Silence) return;
        this.dependencies.logger.error({ err: error, stream: stream.name }, 'could not write successes');
        this.withUnwritten.delete(stream);
      }
    }
  }

  /** Resolves when what was appended so far is committed, or lost. */
  async committed(): Promise<void> {
    await this.lastCommit.catch(() => undefined);
  }

  /**
   * What a stream's state still owes, with the positions it came from; only what was committed before this tenure (E2). What is
   * appended meanwhile is handed on by its own commit.
   */
  async owedOf(name: string): Promise<{ stream: RunStream; owed: { effectId: string; n: number }[] }> {
    await this.within(name, (stream) => stream.lastCommit);
    return this.within(name, (stream) => ({
      stream,
      owed: stream.owedAtLoad.filter(({ effectId }) => stream.state?.owed.has(effectId)),
    }));
  }

  /** The folded stream, from memory or from the log. @throws Silence, UnreadableRun */
  async stream(name: string): Promise<RunStream> {
    return this.within(name, (stream) => stream);
  }

  /** Works on the stream in the turn it is found in: after a pause it may have been evicted, and read anew by somebody else. */
  private async within<Result>(name: string, work: (stream: RunStream) => Result): Promise<Awaited<Result>> {
    for (;;) {
      this.assertHeld();
      const stream = this.streams.get(name);
      if (stream) {
        this.streams.delete(name);
        this.streams.set(name, stream);
        return await work(stream);
      }
      await this.load(name);
    }
  }

  private load(name: string): Promise<void> {
    const known = this.loading.get(name);
    if (known) return known;
    const loading = this.readFromLog(name).finally(() => this.loading.delete(name));
    this.loading.set(name, loading);
    return loading;
  }

  private async readFromLog(name: string): Promise<void> {
    const { partition } = this.tenure;
    if (partitionOf(name) !== partition) throw new Error(`${name} was asked for in partition ${partition}`);
    const stream = new RunStream(name);
    const positions = new Map<string, number>();
    try {
      for await (const entry of this.dependencies.log.readStream(partition, name)) {
        for (const { effectId } of stream.fold(entry).owed) positions.set(effectId, entry.n);
      }
    } catch (error) {
      throw error instanceof CorruptStream ? new UnreadableRun(name, error) : error;
    }
    stream.owedAtLoad = [...positions]
      .filter(([effectId]) => stream.state?.owed.has(effectId))
      .map(([effectId, n]) => ({ effectId, n }));
    stream.row = stream.rowNow(partition);
    this.assertHeld();
    this.evict();
    this.streams.set(name, stream);
  }

  private async accept<Answer extends object>(
    stream: RunStream,
    decision: Accepted<Answer>,
    at: number,
  ): Promise<Answer | Refused> {
    for (const messageId of decision.succeeded ?? []) this.noteSuccess(stream, messageId);
    if (decision.accepted.length === 0) return this.release(stream, decision.answer, 'already-so');
    try {
      this.append(stream, decision.accepted, at);
    } catch (error) {
      if (error instanceof PartitionLost) throw new Silence(error.message);
      if (!(error instanceof EntryTooLarge)) throw error;
      return this.release(stream, { refused: error.code, message: error.message }, 'refused');
    }
    return this.release(stream, decision.answer, 'committed');
  }

  private append(stream: RunStream, accepted: readonly RunEvent[], at = this.tenure.nowMs()): void {
    this.assertHeld();
    const events = withSuccesses(stream, accepted);
    if (events.length === 0) {
      this.forgetUnwritten(stream);
      return;
    }
    const version = stream.version + 1;
    const { n, sum, ...appended } = this.tenure.append({
      stream: stream.name,
      version,
      previousSum: stream.sum,
      at,
      events: events.map(serializeEvent),
    });
    this.settlement.append(n);
    this.lastCommit = appended.committed;
    const changes = this.evolved(stream, () => stream.evolve(version, appended.at, events), appended.committed);
    stream.sum = sum;
    stream.recent.add(version, events);
    this.forgetUnwritten(stream);
    const owed = changes.owed.map(({ effectId }) => effectId);
    const writesRow = changes.owed.some(({ obligation }) => obligation.type === 'WriteRow');
    const row = writesRow ? stream.rowNow(this.tenure.partition) : undefined;
    stream.isCommitted = false;
    const commit = appended.committed.then(() => {
      if (stream.lastCommit === commit) stream.isCommitted = true;
      if (row) stream.row = row;
      this.settlement.committed(n, owed);
      for (const effectId of changes.settled) this.settlement.settle(effectId);
      this.handOn(stream, { events, owed });
    });
    // Whoever waits for it sees the loss; if nobody does, the tenure's end tells.
    commit.catch(() => undefined);
    stream.lastCommit = commit;
  }

  /** An accepted event that doesn't fold is a fault of ours; it is in the log all the same, so the log is what is gone by now. */
  private evolved<Changes>(stream: RunStream, evolve: () => Changes, committed: Promise<void>): Changes {
    try {
      return evolve();
    } catch (error) {
      this.streams.delete(stream.name);
      this.withUnwritten.delete(stream);
      const reading = committed
        .then(() => this.readFromLog(stream.name))
        .finally(() => this.loading.delete(stream.name));
      reading.catch(() => undefined);
      this.loading.set(stream.name, reading);
      throw error;
    }
  }

  /** It is committed, whatever becomes of its effects: a fault there must not keep the answer back. */
  private handOn(stream: RunStream, committed: Committed): void {
    try {
      this.dependencies.onCommitted(this, stream, committed);
    } catch (error) {
      this.dependencies.logger.error({ err: error, stream: stream.name }, 'could not hand on what is owed');
    }
  }

  private noteSuccess(stream: RunStream, messageId: string): void {
    const delivery = stream.state?.deliveries.get(messageId);
    if (!delivery) return;
    delivery.phase = 'succeeded';
    stream.unwritten.add(messageId);
    this.withUnwritten.add(stream);
  }

  private forgetUnwritten(stream: RunStream): void {
    stream.unwritten.clear();
    this.withUnwritten.delete(stream);
  }

  private release<Answer>(stream: RunStream, answer: Answer, kind: AnswerKind): Promise<Answer> {
    const { tenure } = this;
    return release(answer, kind, { commit: stream.lastCommit, tenure, membership: this.dependencies.membership });
  }

  private assertHeld(): void {
    if (this.tenure.lost.aborted) throw new Silence(`partition ${this.tenure.partition} is not held`);
  }

  /** Makes room for one. Least recently used first; never a stream with something uncommitted or unwritten. */
  private evict(): void {
    if (this.streams.size < this.dependencies.maxCachedStreams) return;
    for (const [name, stream] of this.streams) {
      if (this.streams.size < this.dependencies.maxCachedStreams) return;
      if (stream.isCommitted && stream.unwritten.size === 0) this.streams.delete(name);
    }
  }
}

function withSuccesses(stream: RunStream, accepted: readonly RunEvent[]): readonly RunEvent[] {
  const messageIds = [...stream.unwritten].filter((messageId) => stream.state?.deliveries.has(messageId));
  if (messageIds.length === 0) return accepted;
  return [{ type: 'DeliveriesSucceeded', data: { messageIds }, bodies: [] }, ...accepted];
}
