import type { LogEntry, MailboxObligation, MailboxState, Obligation, RunState } from '@stepwell/core';
import { evolve, evolveMailbox, mailboxStream, runStream } from '@stepwell/core';
import type { MemoryData } from '@stepwell/event-store';
import { MAILBOXES, RUNS } from '../aggregates';
import { parseEvent } from '../partition/stream';

interface Emitted<Owed> {
  readonly partition: number;
  readonly n: number;
  readonly obligation: Owed;
}

type StoredEntry = Pick<LogEntry, 'stream' | 'version' | 'at' | 'events'>;

/** What the log alone says, recomputed from the stored documents: what everything else is held against. */
export class LogTruth {
  readonly runs = new Map<string, RunState>();
  readonly mailboxes = new Map<string, MailboxState>();
  /** Every effect that a stored entry ever made owed, with its place. */
  readonly emitted = new Map<string, Emitted<Obligation>>();
  readonly emittedByMailboxes = new Map<string, Emitted<MailboxObligation>>();
  /** Messages of waits that any mailbox ever had. */
  readonly registered = new Set<string>();

  constructor(private readonly data: MemoryData) {
    for (const [partition, entries] of data.entries) {
      for (const [n, entry] of [...entries].sort(([a], [b]) => a - b)) {
        if (entry.stream.startsWith(RUNS.prefix)) this.foldRun(partition, n, entry);
        else if (entry.stream.startsWith(MAILBOXES.prefix)) this.foldMailbox(partition, n, entry);
      }
    }
  }

  run(runId: string): RunState | undefined {
    return this.runs.get(runStream(runId));
  }

  mailbox(eventId: string): MailboxState | undefined {
    return this.mailboxes.get(mailboxStream(eventId));
  }

  private foldRun(partition: number, n: number, { stream, version, at, events }: StoredEntry): void {
    const parsed = events.map((event) => parseEvent(RUNS, event));
    const folded = evolve(this.runs.get(stream), { stream, version, at, events: parsed });
    this.runs.set(stream, folded.state);
    for (const { effectId, obligation } of folded.changes.owed)
      this.emitted.set(effectId, { partition, n, obligation });
  }

  private foldMailbox(partition: number, n: number, { stream, version, at, events }: StoredEntry): void {
    const parsed = events.map((event) => parseEvent(MAILBOXES, event));
    for (const event of parsed) if (event.type === 'WaiterRegistered') this.registered.add(event.data.messageId);
    const folded = evolveMailbox(this.mailboxes.get(stream), { stream, version, at, events: parsed });
    this.mailboxes.set(stream, folded.state);
    for (const { effectId, obligation } of folded.changes.owed)
      this.emittedByMailboxes.set(effectId, { partition, n, obligation });
  }

  isOwed(effectId: string): boolean {
    return [...this.runs.values(), ...this.mailboxes.values()].some((state) => state.owed.has(effectId));
  }

  /** Effects that only a later event ends; the others end when somebody says that he did them. */
  owedDeliveries(): string[] {
    return [...this.runs.values()].flatMap((state) =>
      [...state.owed].flatMap(([effectId, { type }]) => (type === 'Deliver' || type === 'CallOut' ? [effectId] : [])),
    );
  }

  /** Effects that the stored checkpoints call settled, though `isSettled` and the log say otherwise (E1). */
  leads(
    isSettled: (effectId: string, obligation: Obligation) => boolean,
    isSettledOfMailbox: (effectId: string, obligation: MailboxObligation) => boolean = () => true,
  ): string[] {
    const owed = new Set(this.owedDeliveries());
    const ofRuns = [...this.emitted].flatMap(([effectId, emitted]) =>
      this.isCalledSettled(emitted) && (owed.has(effectId) || !isSettled(effectId, emitted.obligation))
        ? [effectId]
        : [],
    );
    const ofMailboxes = [...this.emittedByMailboxes].flatMap(([effectId, emitted]) =>
      this.isCalledSettled(emitted) && !isSettledOfMailbox(effectId, emitted.obligation) ? [effectId] : [],
    );
    return [...ofRuns, ...ofMailboxes];
  }

  private isCalledSettled({ partition, n }: Emitted<unknown>): boolean {
    const checkpoint = this.data.checkpoints.get(partition);
    return checkpoint !== undefined && n <= checkpoint.n && !checkpoint.holes.includes(n);
  }
}
