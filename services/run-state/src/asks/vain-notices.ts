import type { MailboxEvent, Decision, NotifyAnswer } from '@stepwell/core';
import type { PartitionHost } from '../partition/partition.host';

/** Longer than anybody repeats an ask. */
const REMEMBERED_MS = 60_000;
const MOST = 10_000;

/**
 * Notices that found nobody, during one tenure. The mailbox remembers the others by an event (B3); for these one would be written for
 * every event id that anybody ever names. Without a memory, an ask that is repeated because its answer was slow would be decided anew, and
 * reach somebody who began to wait after the first answer.
 *
 * Only as long as the tenure: who loses the partition may have missed those who registered meanwhile.
 */
export class VainNotices {
  private readonly tenures = new WeakMap<PartitionHost, Map<string, number>>();

  has(host: PartitionHost, noticeId: string, atMs: number): boolean {
    const since = this.tenures.get(host)?.get(noticeId);
    return since !== undefined && atMs - since < REMEMBERED_MS;
  }

  /** Notes the decision if it found nobody and left nothing behind. */
  note(host: PartitionHost, noticeId: string, atMs: number, decision: Decision<NotifyAnswer, MailboxEvent>): void {
    if ('refused' in decision || decision.accepted.length > 0 || decision.answer.notified > 0) return;
    const known = this.tenures.get(host) ?? new Map<string, number>();
    this.tenures.set(host, known);
    known.set(noticeId, atMs);
    for (const [oldest, since] of known) {
      if (known.size <= MOST && atMs - since < REMEMBERED_MS) break;
      known.delete(oldest);
    }
  }
}
