import type { AuditFault, AuditRunAnswer, Bus, RunRow, RunState, WaitingReason } from '@stepwell/core';
import {
  asks,
  isRefused,
  isUnexplained,
  mailboxStream,
  message,
  partitionOf,
  reasonsOf,
  runStream,
  suspicionOf,
} from '@stepwell/core';
import type { Logger } from 'pino';
import { runKey } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/stream';
import { UnreadableStream } from '../partition/stream';
import type { Relay } from '../relay/relay';
import type { RowWriter } from '../relay/row.writer';
import { saidToMailbox } from '../relay/tells';

/*
 * One run, asked what it is waiting for and until when (architecture.md E4).
 *
 * 1. A run that can't say is a fault, and so is a reason whose deadline passed by more than the grace: what it owes for it is sent again.
 * 2. A reason that nobody has been heard of for as long as the grace is made sure of where it ought to be under way: work in its queue, a
 *    child and a copied log at the other run's owner. It is a fault only if it isn't there.
 * 3. What is sent again may be under way all the same: its effect id, or the name of its timer, makes it the same (E2, T1). Nothing is sent
 *    of what isn't committed.
 */
export interface AuditDependencies {
  readonly bus: Pick<Bus, 'ask'>;
  readonly relay: Pick<Relay, 'send' | 'queueAgain'>;
  readonly rows: Pick<RowWriter, 'write'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly graceMs: number;
  readonly onFault: (fault: AuditFault, waitingFor: WaitingReason['waitingFor'] | 'unknown') => void;
}

/** Of an owner that is away the next walk will know more. */
const PATIENCE_MS = 5_000;

export class RunAudit {
  constructor(private readonly dependencies: AuditDependencies) {}

  /**
   * Undefined for a run that isn't known. With the `row` by which a walk has come here: that is mended, and owners of runs that this one
   * waits for are asked as well.
   *
   * @throws Silence when the tenure ends, NobodyAnswered; whatever the store throws
   */
  async audit(host: PartitionHost, runId: string, row?: RunRow): Promise<AuditRunAnswer | undefined> {
    try {
      const stream = await host.glance(runKey(runId));
      const { state } = stream;
      if (!state) return undefined;
      if (row) this.mendRow(host, stream, row);
      const { status, completedAt } = state;
      const faults = stream.isCommitted ? await this.faultsOf(host, state, row !== undefined) : [];
      return { status, ...(completedAt === undefined ? {} : { completedAt }), faults };
    } catch (error) {
      if (!(error instanceof UnreadableStream)) throw error;
      this.fault('unreadable', runId, undefined, error);
      return { status: 'running', faults: ['unreadable'] };
    }
  }

  /** Nobody owes a reason in a row (L9). What is under way has a row of its own coming, and so has an end. */
  private mendRow(host: PartitionHost, stream: RunStream, row: RunRow): void {
    const now = stream.rowNow(host.tenure.partition);
    if (!now || !stream.isCommitted || now.waitingFor === row.waitingFor || now.status !== row.status) return;
    this.dependencies.rows.write(now, () => undefined);
  }

  /** What an ended run has to tell others, once more: one of them may not have heard of it. */
  async remind(host: PartitionHost, runId: string): Promise<void> {
    const stream = await host.stream(runKey(runId));
    const tells = [...(stream.state?.owed ?? [])].flatMap(([effectId, { type }]) =>
      type === 'TellStream' ? [effectId] : [],
    );
    if (stream.isCommitted) await this.dependencies.relay.send(host, stream, tells);
  }

  private async faultsOf(host: PartitionHost, state: RunState, others: boolean): Promise<AuditFault[]> {
    const { runId } = state;
    if (isUnexplained(state)) {
      this.fault('unexplained', runId);
      await this.send(host, runId, [...state.owed.keys()]);
      return ['unexplained'];
    }
    const faults: AuditFault[] = [];
    const at = host.tenure.nowMs();
    for (const reason of reasonsOf(state)) {
      const suspicion = suspicionOf(reason, at, this.dependencies.graceMs);
      if (suspicion === undefined) continue;
      const isFault = suspicion === 'overdue' || (await this.isLost(host, state, reason, at, others));
      if (!isFault) continue;
      const fault = suspicion === 'overdue' ? 'overdue' : 'lost';
      this.fault(fault, runId, reason);
      faults.push(fault);
      if (fault === 'overdue' || reason.waitingFor === 'child') await this.sendAgain(host, runId, reason);
    }
    return faults;
  }

  /** Rule 2. Work that wasn't there is queued by looking. */
  private async isLost(
    host: PartitionHost,
    state: RunState,
    { waitingFor, effectId = '', runId }: WaitingReason,
    at: number,
    others: boolean,
  ): Promise<boolean> {
    switch (waitingFor) {
      case 'delivery':
      case 'call':
      case 'failure-callback':
        return (await this.dependencies.relay.queueAgain(host, runKey(state.runId), effectId)) === 'queued';
      case 'child':
      case 'copy': {
        if (!others || runId === undefined) return false;
        const other = await this.auditOther(runId);
        if (waitingFor === 'copy' || other === undefined) return true;
        return other.completedAt !== undefined && at > other.completedAt + this.dependencies.graceMs;
      }
      case 'delay':
      case 'sleep':
      case 'retry':
      case 'event':
      case 'webhook':
        return false;
    }
  }

  /** The child, or the run whose log is copied. Its owner reminds everybody of its end. Undefined = there is no such run. */
  private async auditOther(runId: string): Promise<AuditRunAnswer | undefined> {
    const partition = partitionOf(runStream(runId));
    const patience = { patienceMs: PATIENCE_MS };
    const { head } = await this.dependencies.bus.ask(asks.AuditRun, { partition }, message({ runId }), patience);
    return isRefused(head) ? undefined : head;
  }

  private async sendAgain(host: PartitionHost, runId: string, reason: WaitingReason): Promise<void> {
    const { waitingFor, effectId } = reason;
    if (effectId === undefined) return;
    if (waitingFor === 'event' || waitingFor === 'webhook') await this.endWait(host, runId, reason);
    else await this.send(host, runId, [effectId]);
  }

  /** Its mailbox decides whether it has timed out, like a timer's ask; if it never knew of the wait, now it does. */
  private async endWait(host: PartitionHost, runId: string, reason: WaitingReason): Promise<void> {
    const { eventId = '', messageId = '', effectId = '' } = reason;
    const said = saidToMailbox(await host.stream(runKey(runId)), effectId);
    if (!said) return;
    const address = { partition: partitionOf(mailboxStream(eventId)) };
    const patience = { patienceMs: PATIENCE_MS };
    const { bus } = this.dependencies;
    await bus.ask(asks.TellMailboxes, address, message({ tells: [said.tell(undefined)] }), patience);
    await bus.ask(asks.TimersDue, address, message({ timers: [{ eventId, messageId }] }), patience);
  }

  private async send(host: PartitionHost, runId: string, effectIds: readonly string[]): Promise<void> {
    const stream = await host.stream(runKey(runId));
    if (stream.isCommitted) await this.dependencies.relay.send(host, stream, effectIds);
  }

  private fault(fault: AuditFault, runId: string, reason?: WaitingReason, err?: unknown): void {
    const { waitingFor, since, until, effectId } = reason ?? {};
    const details = { runId, fault, waitingFor, since, until, effectId, ...(err === undefined ? {} : { err }) };
    this.dependencies.logger.warn(details, FAULT_TEXTS[fault]);
    this.dependencies.onFault(fault, waitingFor ?? 'unknown');
  }
}

const FAULT_TEXTS: Readonly<Record<AuditFault, string>> = {
  unexplained: 'a run can not say what it waits for',
  overdue: 'what a run waits for is overdue, and is asked for again',
  lost: 'what a run waits for was nowhere under way, and is sent again',
  unreadable: 'a run can not be read',
};
