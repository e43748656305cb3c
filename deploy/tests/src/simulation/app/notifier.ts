import type { Journal } from '../judge/journal';
import type { World } from '../world/world';
import type { Gateways, Reply } from './gateways';

/** Whoever notifies: the application's steps, and its users. Every notice carries something of its own. */
export class Notifier {
  private notices = 0;

  constructor(
    private readonly world: World,
    private readonly gateways: Gateways,
    private readonly journal: Journal,
  ) {}

  /** Everybody who waits now. @returns how many were notified, as the client is told. */
  notify(eventId: string): Promise<Reply<number>> {
    return this.tell(eventId, undefined);
  }

  /** One run, now or once it waits (protocol.md 8.5). */
  notifyRun(runId: string, eventId: string): Promise<Reply<number>> {
    return this.tell(eventId, runId);
  }

  private async tell(eventId: string, runId: string | undefined): Promise<Reply<number>> {
    const { time } = this.world;
    const nonce = `notice-${(this.notices += 1)}`;
    const notice = {
      eventId,
      nonce,
      runId,
      sentMs: time.nowMs,
      ackedMs: undefined as number | undefined,
      listed: [] as Listed[],
    };
    this.journal.notices.push(notice);
    const said = { eventId, kind: 'event', body: Buffer.from(nonce) } as const;
    const reply = await this.gateways.request(({ notices }, hangUp) =>
      runId === undefined ? notices.broadcast(said, hangUp) : notices.send(runId, said, hangUp),
    );
    if (reply.kind !== 'answered') return reply;
    notice.ackedMs = time.nowMs;
    notice.listed = reply.value.map(({ runId, messageId }) => ({ runId, messageId }));
    return { kind: 'answered', value: reply.value.length };
  }

  /** Somebody looks who waits. */
  async look(eventId: string): Promise<void> {
    const { time } = this.world;
    const askedMs = time.nowMs;
    const reply = await this.gateways.request((desks, hangUp) => desks.notices.waiters(eventId, hangUp));
    if (reply.kind !== 'answered') return;
    const listed = new Set(reply.value.map(({ messageId }) => messageId));
    this.journal.looks.push({ eventId, askedMs, answeredMs: time.nowMs, listed });
  }
}

interface Listed {
  readonly runId: string;
  readonly messageId: string;
}
