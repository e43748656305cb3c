import { Injectable } from '@nestjs/common';
import type { GiveUpSignal, NoticeKind, WaiterData } from '@stepwell/core';
import { asks, isRefused, mailboxStream, message, partitionOf, runStream } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { FreshIds } from '../asking/fresh-ids';
import { PatientAsker } from '../asking/patient-asker';
import { accepted } from '../runs/run.asks';

export interface Notice {
  readonly eventId: string;
  readonly kind: NoticeKind;
  /** Absent = it carries nothing. */
  readonly body?: Uint8Array;
}

/**
 * Notices of events (protocol.md 8.5, 8.6). A notice for one run goes to the run first, which says whether it is alive and from then
 * on knows the mailbox; so nothing is kept for a run that could never collect it.
 */
@Injectable()
export class NoticeDesk {
  constructor(
    private readonly asker: PatientAsker,
    private readonly ids: FreshIds,
  ) {}

  /** Everybody who waits now. */
  async broadcast(notice: Notice, hangUp: GiveUpSignal): Promise<readonly WaiterData[]> {
    return this.notify(notice, undefined, hangUp);
  }

  /** One run, now or once it waits. @throws Problem UNKNOWN_RUN, RUN_ENDED */
  async send(runId: string, notice: Notice, hangUp: GiveUpSignal): Promise<readonly WaiterData[]> {
    const partition = partitionOf(runStream(runId));
    const request = message({ runId, eventId: notice.eventId });
    const { head } = await this.asker.ask(asks.OpenMailbox, { partition }, request, hangUp);
    if (isRefused(head)) throw new Problem(head.refused, head.message);
    return this.notify(notice, runId, hangUp);
  }

  async waiters(eventId: string, hangUp: GiveUpSignal): Promise<readonly WaiterData[]> {
    const partition = partitionOf(mailboxStream(eventId));
    const { head } = await this.asker.ask(asks.ReadWaiters, { partition }, message({ eventId }), hangUp);
    return head.waiters;
  }

  private async notify(
    { eventId, kind, body }: Notice,
    runId: string | undefined,
    hangUp: GiveUpSignal,
  ): Promise<readonly WaiterData[]> {
    const request = {
      eventId,
      noticeId: this.ids.request(),
      kind,
      ...(runId === undefined ? {} : { runId }),
      ...(body === undefined ? {} : { body: 0 }),
    };
    const partition = partitionOf(mailboxStream(eventId));
    const asked = message(request, body === undefined ? [] : [body]);
    return accepted(await this.asker.ask(asks.Notify, { partition }, asked, hangUp)).head.waiters;
  }
}
