import { setMaxListeners } from 'node:events';
import type { CommandContext, Decision, EventLog, LogEntry, Membership, Tenure } from '@stepwell/core';
import { EntryTooLarge, PartitionLost, Silence } from '@stepwell/core';
import type { BlobStore, Refused } from '@stepwell/core';
import type { Logger } from 'pino';
import type { EventOf, Kind, StateOf, StreamKey } from '../aggregates';
import { MAILBOXES, streamOfEffect } from '../aggregates';
import type { NewBlob } from '../bodies/body.admission';
import { blobsNamedBy, writeBlobs } from '../bodies/body.admission';
import { Settlement } from '../relay/settlement';
import type { AnswerKind } from './answer.release';
import { release } from './answer.release';
import type { Stream } from './stream';
import { isOfKind, serializeEvent } from './stream';
import { StreamLoader } from './stream.loader';

/**
 * One partition during one tenure: folds streams, decides commands in order, appends, and hands on what is owed after the commit.
 *
 * Owns: the optimistic state of the partition's streams. Does not own: how entries reach the store (event-store), what is decided
 * (core), what the kinds of streams are (aggregates), how effects are sent (relay).
 *
 * 1. Decisions on a stream are made one after the other on a state that includes everything appended before (L3): finding the
 *    stream, deciding and appending are one turn, and there is never a second object for the same stream.
 * 2. Answers leave through {@link release} alone; effects leave after the commit alone (L4).
 * 3. A position is the settlement's from the turn it is given away: the checkpoint never passes one that isn't known settled (E1).
 * 4. When the tenure is lost, everything here is dropped with it: no part of it outlives the host.
 * 5. A snapshot is appended in the turn of the entry that makes it due, after it: no decision ever lies between its parts (L8).
 */
export interface HostDependencies {
  readonly log: EventLog;
  readonly blobs: BlobStore;
  readonly membership: Pick<Membership, 'leaseIsValid'>;
  readonly logger: Logger;
  /** Unique seeds for ids made in deciding. */
  readonly newSeed: () => string;
  /** An entry of such a stream was committed. */
  readonly onCommitted: { readonly [K in Kind]: (host: PartitionHost, committed: Committed<K>) => void };
  readonly maxCachedStreams: number;
}

/** What happened, and which effects became owed by it. */
export interface Committed<K extends Kind> {
  readonly stream: Stream<K>;
  readonly events: readonly EventOf<K>[];
  readonly owed: readonly string[];
}

type Decide<K extends Kind, Answer> = (
  state: StateOf<K> | undefined,
  context: CommandContext,
) => Decision<Answer, EventOf<K>>;
/** So many things that are done one entry says at most: more wouldn't fit into one, and would keep everybody else waiting. */
const MOST_DONE = 10_000;

type Accepted<K extends Kind, Answer> = Extract<Decision<Answer, EventOf<K>>, { readonly accepted: unknown }>;

export class PartitionHost {
  readonly settlement: Settlement;
  private readonly loader: StreamLoader;
  private readonly streams = new Map<string, Stream<Kind>>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly withUnwritten = new Set<Stream<Kind>>();
  /** Of the entry appended last: commits of one tenure come in order. */
  private lastCommit: Promise<void> = Promise.resolve();

  constructor(
    readonly tenure: Tenure,
    private readonly dependencies: HostDependencies,
  ) {
    this.settlement = new Settlement(tenure.claimedAt);
    this.loader = new StreamLoader(dependencies.log, tenure);
    // Every ask that this tenure has under way waits for its end.
    setMaxListeners(0, tenure.lost);
    tenure.lost.addEventListener('abort', () => {
      this.streams.clear();
      this.withUnwritten.clear();
      this.settlement.end(new PartitionLost(tenure.partition, 'not-owned'));
    });
  }

  /**
   * Decides a command on a stream and answers when that may be done. A refusal is an answer too. Of the command's `blobs` those are
   * written, beforehand, that what is accepted will name (L5).
   *
   * @throws Silence; UnreadableStream; whatever the store throws while it can't be reached
   */
  async execute<K extends Kind, Answer extends object>(
    key: StreamKey<K>,
    decide: Decide<K, Answer>,
    blobs: readonly NewBlob[] = [],
  ): Promise<Answer | Refused> {
    const written = new Set<NewBlob>();
    for (;;) {
      const step = await this.within(key, (stream) => {
        const context = new Deciding(this.tenure.nowMs(), this.dependencies.newSeed);
        const decision = decide(stream.state, context);
        if ('refused' in decision) return { answer: this.release<Answer | Refused>(decision, 'refused', stream) };
        const unwritten = blobsNamedBy(decision.accepted, blobs).filter((blob) => !written.has(blob));
        return unwritten.length > 0 ? { unwritten } : { answer: this.accept(stream, decision, context.at) };
      });
      if (step.unwritten === undefined) return step.answer;
      // Written first, then decided anew: the stream may have gone on meanwhile.
      await writeBlobs(this.dependencies.blobs, key.aggregate.blobOwner(key.name), step.unwritten);
      for (const blob of step.unwritten) written.add(blob);
    }
  }

  /** For what only reads: the folded stream, and the release of what was read from it. Everything asked before is in the log. */
  async read<K extends Kind, Answer>(
    key: StreamKey<K>,
    view: (stream: Stream<K>) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    await this.within(key, (stream) => this.release(undefined, 'read', stream));
    const answer = await this.within(key, view);
    return this.within(key, (stream) => this.release(answer, 'read', stream));
  }

  /** Reads committed entries of a stream, oldest first. */
  entriesOf({ name }: StreamKey<Kind>): AsyncIterable<LogEntry> {
    return this.dependencies.log.readStream(this.tenure.partition, name);
  }

  /** A worker's word that it did what it was sent (E1); of an effect that is settled already it changes nothing. */
  settle(effectId: string): void {
    this.settlement.settle(effectId);
    if (!effectId.startsWith(MAILBOXES.prefix)) return;
    const stream = this.streams.get(streamOfEffect(effectId));
    // A stream that isn't in memory finds out when it is read.
    if (stream) this.noteDone(stream, effectId);
  }

  /** The lazy writes of L7: what is done, and nothing carried along meanwhile. Of very much one entry at a time. */
  writeDone(): void {
    for (const stream of [...this.withUnwritten]) {
      try {
        void this.append(stream, []);
      } catch (error) {
        if (error instanceof PartitionLost || error instanceof Silence) return;
        this.dependencies.logger.error({ err: error, stream: stream.name }, 'could not write what is done');
        this.withUnwritten.delete(stream);
      }
    }
  }

  /** For whoever watches: how many wait in the mailboxes that are in memory. */
  waitersInMemory(): number {
    let waiters = 0;
    for (const stream of this.streams.values()) {
      if (isOfKind(stream, 'mailbox')) waiters += stream.state?.waiters.size ?? 0;
    }
    return waiters;
  }

  /** Resolves when what was appended so far is committed, or lost. */
  async committed(): Promise<void> {
    await this.lastCommit.catch(() => undefined);
  }

  /**
   * What a stream's state still owes, with the positions it came from; only what was committed before this tenure (E2). What is
   * appended meanwhile is handed on by its own commit.
   */
  async owedOf<K extends Kind>(
    key: StreamKey<K>,
  ): Promise<{ stream: Stream<K>; owed: { effectId: string; n: number }[] }> {
    await this.within(key, (stream) => stream.lastCommit);
    return this.within(key, (stream) => ({
      stream,
      owed: stream.owedAtLoad.filter(({ effectId }) => stream.state?.owed.has(effectId)),
    }));
  }

  /** The folded stream, from memory or from the log. @throws Silence, UnreadableStream */
  async stream<K extends Kind>(key: StreamKey<K>): Promise<Stream<K>> {
    return this.within(key, (stream) => stream);
  }

  /** For who looks at every stream now and then: what isn't in memory is read and not kept, or it would drive out what is used. */
  async glance<K extends Kind>(key: StreamKey<K>): Promise<Stream<K>> {
    this.assertHeld();
    // A name says its kind.
    const stream = this.streams.get(key.name) as Stream<K> | undefined;
    return stream ?? this.loader.load(key);
  }

  /** Works on the stream in the turn it is found in: after a pause it may have been evicted, and read anew by somebody else. */
  private async within<K extends Kind, Result>(
    key: StreamKey<K>,
    work: (stream: Stream<K>) => Result,
  ): Promise<Awaited<Result>> {
    const { name } = key;
    for (;;) {
      this.assertHeld();
      const stream = this.streams.get(name);
      if (stream) {
        this.streams.delete(name);
        this.streams.set(name, stream);
        // A name says its kind.
        return await work(stream as Stream<K>);
      }
      await this.load(key);
    }
  }

  private load<K extends Kind>(key: StreamKey<K>): Promise<void> {
    const known = this.loading.get(key.name);
    if (known) return known;
    const loading = this.readFromLog(key).finally(() => this.loading.delete(key.name));
    this.loading.set(key.name, loading);
    return loading;
  }

  private async readFromLog<K extends Kind>(key: StreamKey<K>): Promise<void> {
    const stream = await this.loader.load(key);
    this.assertHeld();
    this.evict();
    this.streams.set(key.name, stream);
    if (!stream.aggregate.snapshots) return;
    // Settled, and whoever knew it died before that was written.
    for (const { effectId } of stream.owedAtLoad) {
      if (this.settlement.isSettled(effectId)) this.noteDone(stream, effectId);
    }
  }

  private async accept<K extends Kind, Answer extends object>(
    stream: Stream<K>,
    decision: Accepted<K, Answer>,
    at: number,
  ): Promise<Answer | Refused> {
    for (const id of decision.succeeded ?? []) this.noteDone(stream, id);
    const { answer, accepted, awaits = [] } = decision;
    if (accepted.length === 0) return this.release(answer, 'already-so', stream, this.telling(stream, awaits));
    let lastCommit: Promise<void>;
    try {
      lastCommit = this.append(stream, accepted, at);
    } catch (error) {
      if (error instanceof PartitionLost) throw new Silence(error.message);
      if (!(error instanceof EntryTooLarge)) throw error;
      return this.release({ refused: error.code, message: error.message }, 'refused', stream);
    }
    return this.release(answer, 'committed', { lastCommit }, this.telling(stream, awaits));
  }

  /** What an answer waits for besides the commit; the effects are those of the state that was decided on. */
  private telling<K extends Kind>({ state }: Stream<K>, awaits: readonly string[]): (() => Promise<void>) | undefined {
    const effectIds = awaits.flatMap((key) => state?.tells.get(key) ?? []);
    return effectIds.length === 0 ? undefined : () => this.settlement.whenSettled(effectIds);
  }

  private writeSnapshot<K extends Kind>(stream: Stream<K>): void {
    const { aggregate, state } = stream;
    if (!aggregate.snapshots || !state || !stream.snapshotIsDue()) return;
    try {
      for (const part of aggregate.snapshots.parts(state)) void this.appendEntry(stream, [part], this.tenure.nowMs());
    } catch (error) {
      this.dependencies.logger.error({ err: error, stream: stream.name }, 'could not write a snapshot');
    }
    stream.snapshotAt = stream.version;
  }

  /** What is accepted, and with it what is done. Returns the commit of that alone: no answer waits for a snapshot. */
  private append<K extends Kind>(
    stream: Stream<K>,
    accepted: readonly EventOf<K>[],
    at = this.tenure.nowMs(),
  ): Promise<void> {
    this.assertHeld();
    const done = firstOf(stream.unwritten, MOST_DONE);
    const events = stream.withDone(accepted, done);
    const commit = events.length === 0 ? stream.lastCommit : this.appendEntry(stream, events, at);
    this.forgetUnwritten(stream, done);
    this.writeSnapshot(stream);
    return commit;
  }

  private appendEntry<K extends Kind>(stream: Stream<K>, events: readonly EventOf<K>[], at: number): Promise<void> {
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
    const owed = changes.owed.map(({ effectId }) => effectId);
    const writesRow = changes.owed.some(({ obligation }) => obligation.type === 'WriteRow');
    const row = writesRow ? stream.rowNow(this.tenure.partition) : undefined;
    stream.isCommitted = false;
    const commit = appended.committed.then(() => {
      if (stream.lastCommit === commit) stream.isCommitted = true;
      if (row) stream.row = row;
      this.settlement.committed(n, owed);
      for (const effectId of changes.settled) this.settlement.settle(effectId);
      this.handOn(stream, { stream, events, owed });
    });
    // Whoever waits for it sees the loss; if nobody does, the tenure's end tells.
    commit.catch(() => undefined);
    stream.lastCommit = commit;
    return commit;
  }

  /** An accepted event that doesn't fold is a fault of ours; it is in the log all the same, so the log is what is gone by now. */
  private evolved<K extends Kind, Changes>(
    stream: Stream<K>,
    evolve: () => Changes,
    committed: Promise<void>,
  ): Changes {
    try {
      return evolve();
    } catch (error) {
      this.streams.delete(stream.name);
      this.withUnwritten.delete(stream);
      const reading = committed.then(() => this.readFromLog(stream)).finally(() => this.loading.delete(stream.name));
      reading.catch(() => undefined);
      this.loading.set(stream.name, reading);
      throw error;
    }
  }

  /** It is committed, whatever becomes of its effects: a fault there must not keep the answer back. */
  private handOn<K extends Kind>({ kind, name }: Stream<K>, committed: Committed<K>): void {
    try {
      this.dependencies.onCommitted[kind](this, committed);
    } catch (error) {
      this.dependencies.logger.error({ err: error, stream: name }, 'could not hand on what is owed');
    }
  }

  private noteDone<K extends Kind>(stream: Stream<K>, id: string): void {
    if (!stream.state || !stream.aggregate.noteDone(stream.state, id)) return;
    stream.unwritten.add(id);
    this.withUnwritten.add(stream);
  }

  private forgetUnwritten<K extends Kind>(stream: Stream<K>, ids: readonly string[]): void {
    for (const id of ids) stream.unwritten.delete(id);
    if (stream.unwritten.size === 0) this.withUnwritten.delete(stream);
  }

  private release<Answer>(
    answer: Answer,
    kind: AnswerKind,
    { lastCommit }: { readonly lastCommit: Promise<void> },
    told?: () => Promise<void>,
  ): Promise<Answer> {
    const { tenure } = this;
    const { membership } = this.dependencies;
    return release(answer, kind, { commit: lastCommit, tenure, membership, ...(told ? { told } : {}) });
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

/** Few decisions make ids, and a seed isn't for nothing. */
class Deciding implements CommandContext {
  constructor(
    readonly at: number,
    private readonly newSeed: () => string,
  ) {}

  get seed(): string {
    return this.newSeed();
  }
}

function firstOf(ids: ReadonlySet<string>, most: number): readonly string[] {
  if (ids.size <= most) return [...ids];
  const first: string[] = [];
  for (const id of ids) {
    if (first.length === most) break;
    first.push(id);
  }
  return first;
}
