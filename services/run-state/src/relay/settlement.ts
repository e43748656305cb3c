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

  isUnsettled(effectId: string): boolean {
    return this.positionOf.has(effectId);
  }

  unsettled(): readonly string[] {
    return [...this.positionOf.keys()];
  }

  get unsettledCount(): number {
    return this.positionOf.size;
  }

  checkpoint(): Checkpoint {
    let n = this.highest;
    for (const position of this.appended) n = Math.min(n, position - 1);
    const holes = [...this.openAt.keys()].filter((position) => position <= n).sort((a, b) => a - b);
    return { n, holes };
  }
}
