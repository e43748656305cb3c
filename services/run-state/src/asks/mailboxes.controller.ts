import { Controller } from '@nestjs/common';
import type {
  Done,
  MailboxTell,
  Message,
  NotifyAnswer,
  NotifyRequest,
  ReadWaitersAnswer,
  ReadWaitersRequest,
  Refused,
  TellMailboxesRequest,
} from '@stepwell/core';
import { already, asks, dropRun, message, notify, registerWaiter, waitersOf } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { mailboxKey } from '../aggregates';
import { takeIn } from '../bodies/body.admission';
import type { PartitionHost } from '../partition/partition.host';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf, unrefused } from './partition';
import { unlessUnreadable } from './unreadable';
import { VainNotices } from './vain-notices';

/** Events and who waits for them (protocol.md 8.4-8.6). */
@Controller()
export class MailboxesController {
  private readonly vain = new VainNotices();

  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.Notify)
  async notify(
    { head, bodies }: Message<NotifyRequest>,
    context: AskContext,
  ): Promise<Message<NotifyAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { eventId, noticeId, kind, runId } = head;
    const given = head.body === undefined ? undefined : bodies[head.body];
    const taken = takeIn(given ? [given] : []);
    const [body] = taken.bodies;
    const notice = { noticeId, kind, ...(runId === undefined ? {} : { runId }), ...(body ? { body } : {}) };
    return message(
      await host.execute(
        mailboxKey(eventId),
        (state, context) => {
          if (this.vain.has(host, noticeId, context.at)) return already({ notified: 0, waiters: [] });
          const decision = notify(state, notice, context);
          this.vain.note(host, noticeId, context.at, decision);
          return decision;
        },
        taken.blobs,
      ),
    );
  }

  @Answers(asks.ReadWaiters)
  async readWaiters({ head }: Message<ReadWaitersRequest>, context: AskContext): Promise<Message<ReadWaitersAnswer>> {
    const host = hostOf(this.runtime.registry, context);
    const waiters = await host.read(mailboxKey(head.eventId), ({ state }) => waitersOf(state));
    return message({ waiters });
  }

  /** From runs. No tell may wait for yet another stream: who tells waits for this. */
  @Answers(asks.TellMailboxes)
  async tell({ head }: Message<TellMailboxesRequest>, context: AskContext): Promise<Message<Done>> {
    const host = hostOf(this.runtime.registry, context);
    const { logger } = this.runtime;
    await Promise.all(head.tells.map((tell) => unlessUnreadable<Done>(logger, {}, () => this.decide(host, tell))));
    return message({});
  }

  private async decide(host: PartitionHost, tell: MailboxTell): Promise<Done> {
    const answer = await host.execute(mailboxKey(tell.eventId), (state, context) =>
      tell.kind === 'register' ? registerWaiter(state, tell.waiter, context) : dropRun(state, tell.runId, context),
    );
    return unrefused(answer, `${tell.kind} at ${tell.eventId}`);
  }
}
