import { randomUUID } from 'node:crypto';
import type { Clock, Membership } from '@stepwell/core';
import type { StoreLogger } from '../store-logger';
import type { MemberDocument, MemberDriver } from './member-driver';
import { rendezvousOwners } from './rendezvous';
import { SilenceWatch } from './silence.watch';

export interface MembershipOptions {
  /** Stable over restarts where it can be (a StatefulSet's pod name): the same member gets the same partitions. */
  readonly memberId: string;
  /** Something guarantees that the former process of this name is gone: it is superseded at once instead of waited for. */
  readonly supersede?: boolean;
  /** Default 10,000 ms; disks stall for seconds, so not much less. */
  readonly leaseMs?: number;
  /** Default 2,500 ms. */
  readonly renewMs?: number;
  /** How often the others are looked at. Default 1,000 ms. */
  readonly pollMs?: number;
  /** Default: a random id. Never the same twice, in whichever process. */
  readonly newIncarnation?: () => string;
}

/** What the membership has to do with what its process writes. */
export interface Holdings {
  /** Partitions written now or being claimed. */
  held(): ReadonlySet<number>;
  onLetGo(listener: () => void): () => void;
  /** This process is no member any more: nothing it remembers may be answered from. */
  abandon(): void;
}

/** Others wait this much longer than the owner trusts its lease: two monotonic clocks never run at quite the same rate. */
const EXPIRY_MARGIN = 1.1;

/**
 * Who owns which partition (architecture.md L2), by one document per process and role. It decides who *ought* to write; that
 * nobody else *can* is the log's part (`_id`). What rests on it are the answers without a write, so it must never let two living
 * members own one partition:
 *
 * M1 The lease is valid from before the last successful renewal was sent, for `leaseMs`, on this process' monotonic clock. Others
 *    call a member dead no earlier than `leaseMs · 1.1` after they saw it renew: see {@link SilenceWatch}.
 * M2 A member publishes by which members it reckons (`view`) before it takes anything by it, and what it holds with every renewal.
 *    It takes a partition only if, read after that, no other living member holds it or reckons it its own. Of two that want the
 *    same one, the later reader sees the other's claim: at most one takes it. What falls to another is given up at once.
 * M3 Dead is a member whose document was removed, as it was last read, after that time, or by who knows it gone. So whoever can
 *    still renew was never called dead, however long it stood still or saw no database, and keeps what it has. Who can't (removed,
 *    superseded by a namesake) abandons everything first, and then joins anew.
 */
export class LeasedMembership implements Membership {
  readonly memberId: string;
  private readonly leaseMs: number;
  private readonly renewMs: number;
  private readonly pollMs: number;
  private readonly watch: SilenceWatch;
  private readonly listeners = new Set<() => void>();

  /** The own document as last written; undefined = not a member. */
  private own: MemberDocument | undefined;
  /** An attempt to write it was not answered: what the others see may be another. */
  private ownIsUnsure = false;
  /** Grows with every attempt, so that one that arrives late can't undo a later one. */
  private beat = 0;
  /** Every incarnation this object ever tried to be: such a document is no namesake. */
  private readonly incarnations = new Set<string>();
  private incarnation = '';
  private readonly newIncarnation: () => string;
  private validUntil = -Infinity;
  private renewedAt = -Infinity;
  private living: readonly string[] = [];
  private owned: ReadonlySet<number> = new Set();
  private owners: readonly (string | undefined)[] = [];
  private ownersOf = '';

  private running = false;
  /** For the first joining only: two living namesakes must not supersede each other for ever. */
  private supersedes: boolean;
  private round: Promise<void> | undefined;
  private roundAgain = false;
  private cancelTimer: () => void = () => undefined;
  private stopListening: () => void = () => undefined;
  private whenJoined: (() => void) | undefined;
  private complained = false;

  constructor(
    private readonly role: string,
    options: MembershipOptions,
    private readonly driver: MemberDriver,
    private readonly clock: Clock,
    private readonly holdings: Holdings,
    private readonly logger: StoreLogger,
  ) {
    this.memberId = options.memberId;
    this.leaseMs = options.leaseMs ?? 10_000;
    this.renewMs = options.renewMs ?? this.leaseMs / 4;
    this.pollMs = options.pollMs ?? Math.min(1_000, this.leaseMs / 10);
    this.supersedes = options.supersede ?? false;
    this.newIncarnation = options.newIncarnation ?? randomUUID;
    this.watch = new SilenceWatch(2 * this.pollMs);
  }

  /** Resolves when this process is a member: after a lease, if a namesake may still live. Or when stopped before. */
  start(): Promise<void> {
    if (this.running) return Promise.resolve();
    this.running = true;
    this.stopListening = this.holdings.onLetGo(() => {
      // What is held grows under the published view; only letting go is news to the others.
      if (this.own !== undefined) this.poke();
    });
    const joined = new Promise<void>((resolve) => {
      this.whenJoined = resolve;
    });
    this.poke();
    return joined;
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.stopListening();
    this.cancelTimer();
    this.leave();
    this.whenJoined?.();
    // A round under way may still join or renew: what it wrote must be removed too.
    await this.round;
    try {
      await this.driver.remove(this.role, this.memberId, { incarnation: this.incarnation });
    } catch (error) {
      this.logger.warn({ err: error, role: this.role }, 'could not leave in order: the others wait for the lease');
    }
  }

  assigned(): ReadonlySet<number> {
    return this.owned;
  }

  members(): readonly string[] {
    return this.living;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  leaseIsValid(): boolean {
    return this.own !== undefined && this.clock.monotonicMs() < this.validUntil;
  }

  /** A round now, or right after the one under way. */
  private poke(): void {
    this.roundAgain = true;
    this.round ??= this.rounds().finally(() => {
      this.round = undefined;
    });
  }

  private async rounds(): Promise<void> {
    this.cancelTimer();
    while (this.running && this.roundAgain) {
      this.roundAgain = false;
      try {
        await this.oneRound();
        if (this.complained) this.logger.info({ role: this.role }, 'the members can be seen again');
        this.complained = false;
      } catch (error) {
        if (!this.complained) this.logger.warn({ err: error, role: this.role }, 'the members cannot be seen, waiting');
        this.complained = true;
      }
    }
    if (!this.running) return;
    this.cancelTimer = this.clock.after(this.pollMs, () => {
      this.poke();
    });
  }

  private async oneRound(): Promise<void> {
    const askedAt = this.clock.monotonicMs();
    const documents = await this.driver.list(this.role);
    this.watch.observe(documents, askedAt, this.clock.monotonicMs());
    if (!this.running) return;
    const mine = documents.find((document) => document.memberId === this.memberId);
    if (this.own !== undefined && mine?.incarnation !== this.own.incarnation) {
      this.expel(mine === undefined ? 'its document was removed' : 'a namesake superseded it');
    }
    if (this.own === undefined) await this.join(mine);
    else await this.takePart(this.own, documents);
  }

  private async join(present: MemberDocument | undefined): Promise<void> {
    if (present !== undefined && !this.mayReplace(present)) return;
    this.incarnation = this.newIncarnation();
    this.incarnations.add(this.incarnation);
    const own = this.documentNow([]);
    const sentAt = this.clock.monotonicMs();
    const joined = await this.driver.join(this.role, own, present);
    if (!this.running) return;
    if (!joined) {
      this.again();
      return;
    }
    this.supersedes = false;
    this.own = own;
    this.ownIsUnsure = false;
    this.renewedAt = sentAt;
    this.validUntil = sentAt + this.leaseMs;
    this.logger.info({ role: this.role, memberId: this.memberId }, 'joined');
    this.whenJoined?.();
    this.again();
  }

  private mayReplace(namesake: MemberDocument): boolean {
    return this.supersedes || this.isDead(namesake) || this.incarnations.has(namesake.incarnation);
  }

  private async takePart(own: MemberDocument, documents: readonly MemberDocument[]): Promise<void> {
    const others = documents.filter((document) => document.memberId !== this.memberId);
    const livingOthers = await this.withoutTheDead(others);
    const view = [this.memberId, ...livingOthers.map((document) => document.memberId)].sort();
    if (!this.running) return;
    this.seeMembers(view);
    const published = await this.publish(own, view);
    // What the others say must be read after the own news were published (M2).
    if (published === 'news') this.again();
    else if (published === 'no-news') this.take(livingOthers);
  }

  /** Gives up at once what falls to others. */
  private seeMembers(view: readonly string[]): void {
    const kept = [...this.owned].filter((partition) => this.ownersBy(view)[partition] === this.memberId);
    const changed = kept.length !== this.owned.size || !sameItems(this.living, view);
    this.living = view;
    this.owned = new Set(kept);
    if (changed) this.tellChange();
  }

  private take(others: readonly MemberDocument[]): void {
    const wanted = [...this.ownersBy(this.living).entries()]
      .filter(([partition, owner]) => owner === this.memberId && !this.owned.has(partition))
      .map(([partition]) => partition);
    if (wanted.length === 0) return;
    const taken = new Set<number>();
    for (const other of others) {
      for (const partition of other.holds) taken.add(partition);
      for (const [partition, owner] of rendezvousOwners(other.view).entries()) {
        if (owner === other.memberId) taken.add(partition);
      }
    }
    const free = wanted.filter((partition) => !taken.has(partition));
    if (free.length === 0) return;
    this.owned = new Set([...this.owned, ...free]);
    this.tellChange();
  }

  /** Renews when it is time or when there is news for the others. */
  private async publish(own: MemberDocument, view: readonly string[]): Promise<'news' | 'no-news' | 'expelled'> {
    const next = this.documentNow(view);
    const news = this.ownIsUnsure || !sameItems(own.view, next.view) || !sameItems(own.holds, next.holds);
    const sentAt = this.clock.monotonicMs();
    if (!news && sentAt - this.renewedAt < this.renewMs) return 'no-news';
    this.ownIsUnsure = true;
    const renewed = await this.driver.renew(this.role, next);
    if (!this.running) return 'expelled';
    if (!renewed) {
      this.expel('its document was removed');
      this.again();
      return 'expelled';
    }
    this.own = next;
    this.ownIsUnsure = false;
    this.renewedAt = sentAt;
    this.validUntil = sentAt + this.leaseMs;
    return news ? 'news' : 'no-news';
  }

  private documentNow(view: readonly string[]): MemberDocument {
    this.beat += 1;
    const holds = [...this.holdings.held()].sort((a, b) => a - b);
    return { memberId: this.memberId, incarnation: this.incarnation, beat: this.beat, view, holds };
  }

  private isDead(document: MemberDocument): boolean {
    return this.watch.silentMs(document.memberId) >= this.leaseMs * EXPIRY_MARGIN;
  }

  /** Dead is whose document could be removed as it was read: one that renewed in the last moment lives, one removed can't renew. */
  private async withoutTheDead(others: readonly MemberDocument[]): Promise<MemberDocument[]> {
    const living: MemberDocument[] = [];
    for (const other of others) {
      const { memberId, incarnation, beat } = other;
      if (this.isDead(other) && (await this.driver.remove(this.role, memberId, { incarnation, beat }))) continue;
      living.push(other);
    }
    return living;
  }

  private expel(why: string): void {
    this.logger.warn({ role: this.role, memberId: this.memberId }, `no member any more: ${why}`);
    this.leave();
  }

  private leave(): void {
    this.own = undefined;
    this.validUntil = -Infinity;
    this.living = [];
    this.owned = new Set();
    this.holdings.abandon();
    this.tellChange();
  }

  private again(): void {
    this.roundAgain = true;
  }

  private ownersBy(view: readonly string[]): readonly (string | undefined)[] {
    const key = view.join('\n');
    if (key !== this.ownersOf) {
      this.owners = rendezvousOwners(view);
      this.ownersOf = key;
    }
    return this.owners;
  }

  private tellChange(): void {
    for (const listener of this.listeners) listener();
  }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
