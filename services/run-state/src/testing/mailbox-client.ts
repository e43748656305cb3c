import type { AskOptions, Bus, NoticeKind, NotifyAnswer, Refused, WaiterData } from '@stepwell/core';
import { asks, mailboxStream, message, partitionOf } from '@stepwell/core';

const PATIENT: AskOptions = { patienceMs: 20_000 };

export const partitionOfMailbox = (eventId: string): number => partitionOf(mailboxStream(eventId));

/** What the gateway asks of one mailbox, with the patience of a client that holds on. */
export class MailboxClient {
  readonly address: { readonly partition: number };

  constructor(
    private readonly bus: Bus,
    readonly eventId: string,
    private readonly options = PATIENT,
  ) {
    this.address = { partition: partitionOfMailbox(eventId) };
  }

  /** Everybody who waits, or one run. */
  async notify(
    noticeId: string,
    body?: Uint8Array,
    { runId, kind = 'event' }: { readonly runId?: string; readonly kind?: NoticeKind } = {},
  ): Promise<NotifyAnswer | Refused> {
    const { eventId } = this;
    const head = { eventId, noticeId, kind, ...(runId === undefined ? {} : { runId }), ...(body ? { body: 0 } : {}) };
    const request = message(head, body ? [body] : []);
    return (await this.bus.ask(asks.Notify, this.address, request, this.options)).head;
  }

  async waiters(): Promise<readonly WaiterData[]> {
    const request = message({ eventId: this.eventId });
    return (await this.bus.ask(asks.ReadWaiters, this.address, request, this.options)).head.waiters;
  }
}
