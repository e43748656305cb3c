import type { Checkpoint } from '@stepwell/core';

/**
 * Which effects of a partition are still unsettled, by position, and the checkpoint that follows (E1).
 *
 * 1. A position is settled when every effect that came from it is. A PubAck settles nothing; the worker's word does.
 * 2. The checkpoint may lag, never lead: it ends before the first position whose commit isn't known here yet.
 * 3. What isn't known here is settled: by this tenure, or by a predecessor that said so in its checkpoint. But not before recovery has
 *    noted everything that the predecessors left open: until then nobody can say.
 */
export class Settlement {
  private readonly positionOf = new Map<string, number>();
  private readonly openAt = new Map<number, number>();
  /** In order: positions are given away in order, and a tenure's commits come in order. */
  private readonly appended = new Set<number>();
  private readonly watched = new Map<string, Watch[]>();
  private readonly beforeRecovery = new Set<Watch>();
  private highest: number;
  private isRecovered = false;
  private ended: Error | undefined;

  /** @param claimedAt position of the own claim: nothing of ours lies before it but what recovery notes. */
  constructor(claimedAt: number) {
    this.highest = claimedAt;
  }

  /** Before its commit: from here on the checkpoint waits for {@link committed}. */
  append(n: number): void {
    this.appended.add(n);
  }

  committed(n: number, effectIds: readonly string[]): void {
    for (const effectId of effectIds) this.note(effectId, n);
    this.appended.delete(n);
    this.highest = Math.max(this.highest, n);
  }

  /** Also for recovery: the same effect noted twice counts once. */
  note(effectId: string, n: number): void {
    if (this.positionOf.has(effectId)) return;
    this.positionOf.set(effectId, n);
    this.openAt.set(n, (this.openAt.get(n) ?? 0) + 1);
  }

  settle(effectId: string): void {
    const n = this.positionOf.get(effectId);
    if (n === undefined) return;
    this.positionOf.delete(effectId);
    const open = (this.openAt.get(n) ?? 1) - 1;
    if (open > 0) this.openAt.set(n, open);
    else this.openAt.delete(n);
    for (const watch of this.watched.get(effectId) ?? []) watch.passed();
    this.watched.delete(effectId);
  }

  /** What came from there can't be told (the stream is unreadable): unsettled as long as this tenure lasts. */
  keepOpen(n: number): void {
    this.openAt.set(n, Infinity);
  }

  /** All that predecessors left open is noted. */
  recoveryIsThrough(): void {
    this.isRecovered = true;
    for (const watch of this.beforeRecovery) watch.passed();
    this.beforeRecovery.clear();
  }

  /** Whether it is certain, by now, that this committed effect is settled. */
  isSettled(effectId: string): boolean {
    return this.isRecovered && !this.positionOf.has(effectId);
  }

  /** Resolves when these committed effects are settled. @throws what {@link end} was given, when that comes first */
  async whenSettled(effectIds: readonly string[]): Promise<void> {
    const known = effectIds.filter((effectId) => this.positionOf.has(effectId));
    await this.pass(known.length, (watch) => {
      for (const effectId of known) this.watch(effectId, watch);
    });
    if (known.length === effectIds.length || this.isRecovered) return;
    await this.pass(1, (watch) => this.beforeRecovery.add(watch));
    await this.whenSettled(effectIds);
  }

  /** The tenure is over: whoever waits is told, nobody will settle anything here any more. */
  end(reason: Error): void {
    this.ended = reason;
    for (const watch of [...this.watched.values()].flat()) watch.failed(reason);
    for (const watch of this.beforeRecovery) watch.failed(reason);
    this.watched.clear();
    this.beforeRecovery.clear();
  }

  unsettled(): readonly string[] {
    return [...this.positionOf.keys()];
  }

  get unsettledCount(): number {
    return this.positionOf.size;
  }

  checkpoint(): Checkpoint {
    const [firstAppended] = this.appended;
    const n = firstAppended === undefined ? this.highest : Math.min(this.highest, firstAppended - 1);
    const holes = [...this.openAt.keys()].filter((position) => position <= n).sort((a, b) => a - b);
    return { n, holes };
  }

  private watch(effectId: string, watch: Watch): void {
    const watching = this.watched.get(effectId);
    if (watching) watching.push(watch);
    else this.watched.set(effectId, [watch]);
  }

  private pass(count: number, begin: (watch: Watch) => void): Promise<void> {
    if (this.ended) return Promise.reject(this.ended);
    if (count === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let left = count;
      begin({
        passed: () => {
          left -= 1;
          if (left === 0) resolve();
        },
        failed: reject,
      });
    });
  }
}

interface Watch {
  passed(): void;
  failed(reason: Error): void;
}
