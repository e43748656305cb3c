import type { Checkpoint } from '@stepwell/core';

/**
 * Which effects of a partition are still unsettled, by position, and the checkpoint that follows (E1).
 *
 * 1. A position is settled when every effect that came from it is. A PubAck settles nothing; the worker's word does.
 * 2. The checkpoint may lag, never lead: it ends before the first position whose commit isn't known here yet.
 */
export class Settlement {
  private readonly positionOf = new Map<string, number>();
  private readonly openAt = new Map<number, number>();
  /** In order: positions are given away in order, and a tenure's commits come in order. */
  private readonly appended = new Set<number>();
  private highest: number;

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
  }

  /** What came from there can't be told (the run is unreadable): unsettled as long as this tenure lasts. */
  keepOpen(n: number): void {
    this.openAt.set(n, Infinity);
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
}
