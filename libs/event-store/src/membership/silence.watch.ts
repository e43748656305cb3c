import type { MemberDocument } from './member-driver';

/**
 * How long each other member has been silent, by what this process saw itself: a member is alive while its beat changes.
 *
 * No clock is compared with another machine's, so no skew, jump or failover to a primary with another time can kill a living
 * member or keep a dead one. The price: a member unknown so far is granted a whole lease from when it was first seen.
 *
 * 1. A change counts from when its answer came, silence up to when the question was sent: never counted too early.
 * 2. Between two looks at most `longestStepMs` count. While this process or the database stood still nobody could be seen
 *    renewing: after an outage everyone gets the time to renew before being called dead.
 */
export class SilenceWatch {
  private readonly seen = new Map<string, { incarnation: string; beat: number; silentMs: number }>();
  private lookedAt: number | undefined;

  constructor(private readonly longestStepMs: number) {}

  observe(documents: readonly MemberDocument[], askedAt: number, answeredAt: number): void {
    const step = Math.max(0, Math.min(this.longestStepMs, askedAt - (this.lookedAt ?? askedAt)));
    this.lookedAt = answeredAt;
    for (const { memberId, incarnation, beat } of documents) {
      const before = this.seen.get(memberId);
      const same = before?.incarnation === incarnation && before.beat === beat;
      this.seen.set(memberId, { incarnation, beat, silentMs: same ? before.silentMs + step : 0 });
    }
    const present = new Set(documents.map((document) => document.memberId));
    for (const memberId of this.seen.keys()) if (!present.has(memberId)) this.seen.delete(memberId);
  }

  silentMs(memberId: string): number {
    return this.seen.get(memberId)?.silentMs ?? 0;
  }
}
