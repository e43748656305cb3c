import type { AuditFault, MailboxEvent, Membership, RunEvent, RunState, WaitingFor } from '@stepwell/core';
import { workflowName } from '@stepwell/core';
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { PartitionRegistry } from './partition/partition.registry';
import type { RunStream } from './partition/stream';

/** What this process has committed, and what it still owes (conventions.md 3.3). No run ids or URLs in labels. */
export class RunStateMetrics {
  private readonly started: Counter<'workflow'>;
  private readonly finished: Counter<'workflow' | 'status'>;
  private readonly durations: Histogram<'workflow'>;
  private readonly steps: Counter<'workflow' | 'type'>;
  private readonly retries: Counter<'workflow'>;
  private readonly events: Counter;
  private readonly notices: Counter<'kind' | 'outcome'>;
  private readonly timeouts: Counter;
  private readonly audited: Counter;
  private readonly stuck: Counter<'waiting_for' | 'fault'>;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
      new Counter({ name: `stepwell_${name}`, help, labelNames, registers });
    this.started = counter('runs_started_total', 'Runs started.', ['workflow']);
    this.finished = counter('runs_finished_total', 'Runs that ended.', ['workflow', 'status']);
    this.steps = counter('steps_total', 'Steps recorded.', ['workflow', 'type']);
    this.retries = counter('step_retries_total', 'Failed attempts that another follows.', ['workflow']);
    this.events = counter('events_appended_total', 'Events committed.', []);
    this.notices = counter('notifications_total', 'Notices and webhook calls that waiters got or will get.', [
      'kind',
      'outcome',
    ]);
    this.timeouts = counter('wait_timeouts_total', 'Waits that ran out.', []);
    this.audited = counter('audited_runs_total', 'Runs that the auditor has looked into.', []);
    this.stuck = counter('stuck_runs_total', 'Runs found stuck, by what they waited for and what was wrong.', [
      'waiting_for',
      'fault',
    ]);
    this.durations = new Histogram({
      name: 'stepwell_run_duration_seconds',
      help: 'From start to end of a run.',
      labelNames: ['workflow'],
      buckets: [0.1, 0.5, 1, 5, 30, 60, 600, 3_600, 86_400, 604_800],
      registers,
    });
  }

  watch(partitions: PartitionRegistry, membership: Membership): void {
    new Gauge({
      name: 'stepwell_outbox_pending',
      help: 'Effects sent or to be sent that are not settled.',
      registers: [this.registry],
      collect() {
        this.set(partitions.hosts().reduce((sum, host) => sum + host.settlement.unsettledCount, 0));
      },
    });
    new Gauge({
      name: 'stepwell_waiters_active',
      help: 'Waits in the mailboxes that are in memory.',
      registers: [this.registry],
      collect() {
        this.set(partitions.hosts().reduce((sum, host) => sum + host.waitersInMemory(), 0));
      },
    });
    new Gauge({
      name: 'stepwell_partitions_held',
      help: 'Partitions with a committed claim of this process.',
      registers: [this.registry],
      collect() {
        this.set(partitions.hosts().length);
      },
    });
    new Gauge({
      name: 'stepwell_lease_held',
      help: '1 while the lease is valid.',
      labelNames: ['role'],
      registers: [this.registry],
      collect() {
        this.set({ role: 'run-state' }, membership.leaseIsValid() ? 1 : 0);
      },
    });
  }

  countAudited(): void {
    this.audited.inc();
  }

  countFault(fault: AuditFault, waitingFor: WaitingFor | 'unknown'): void {
    this.stuck.inc({ fault, waiting_for: waitingFor });
  }

  countMailbox(events: readonly MailboxEvent[]): void {
    this.events.inc(events.length);
    for (const event of events) {
      switch (event.type) {
        case 'WaitersNotified':
          this.notices.inc({ kind: 'event', outcome: 'notified' });
          break;
        case 'WaiterNotified':
          this.notices.inc({ kind: event.data.kind, outcome: 'notified' });
          break;
        case 'NoticeKept':
          this.notices.inc({ kind: event.data.kind, outcome: 'kept' });
          break;
        case 'WaiterTimedOut':
          this.timeouts.inc();
          break;
        case 'WaiterRegistered':
        case 'KeptNoticeTaken':
        case 'RunDropped':
        case 'EffectsSettled':
        case 'MailboxSnapshot':
          break;
      }
    }
  }

  countRun({ state }: RunStream, events: readonly RunEvent[]): void {
    if (!state) return;
    const workflow = workflowName(state.start.workflowUrl);
    this.events.inc(events.length);
    const isCopied = isCopy(state, events);
    for (const event of events) {
      if (isCopied && event.type !== 'RunStarted') continue;
      switch (event.type) {
        case 'RunStarted':
          this.started.inc({ workflow });
          break;
        case 'StepRecorded':
          this.steps.inc({ workflow, type: event.data.step.stepType });
          break;
        case 'AttemptFailed':
          this.retries.inc({ workflow });
          break;
        case 'RunFinished':
        case 'RunFailed':
        case 'RunCancelled':
          this.finished.inc({ workflow, status: state.status });
          this.durations.observe({ workflow }, ((state.completedAt ?? state.createdAt) - state.createdAt) / 1_000);
          break;
        case 'StepPlanned':
        case 'CallRequested':
        case 'CallAnswered':
        case 'AttemptDue':
        case 'DeliveriesSucceeded':
        case 'FailureCallbackEnded':
        case 'FailureCallbackRequested':
        case 'StartContinued':
        case 'WaitRequested':
        case 'InvokeRequested':
        case 'MailboxOpened':
        case 'DeadLetterDeleted':
        case 'RunTakenOver':
        case 'CopyCompleted':
          break;
      }
    }
  }
}

/** What a resumed run has from the one that failed happened there, and was counted there. */
const isCopy = (state: RunState, events: readonly RunEvent[]): boolean =>
  state.isCopying === true || events.some(({ type }) => type === 'CopyCompleted');
