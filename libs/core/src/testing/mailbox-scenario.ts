import type { Notice } from '../mailbox/mailbox.decider';
import { deadlineDue, dropRun, effectsSettled, notify, registerWaiter } from '../mailbox/mailbox.decider';
import type { MailboxEvent, WaiterData } from '../mailbox/mailbox.events';
import { evolveMailbox } from '../mailbox/mailbox.evolver';
import { mailboxSnapshot, snapshotSetOf } from '../mailbox/mailbox.snapshot';
import type { MailboxObligation, MailboxState } from '../mailbox/mailbox.state';
import { mailboxStream } from '../messages/partition';
import type { CommandContext, Decision } from '../run/decision';
import type { Changes } from '../run/effects';

const MS_OF_DAY = 86_400_000;
const utf8 = new TextEncoder();
const text = new TextDecoder();

interface Entry {
  readonly version: number;
  readonly at: number;
  readonly events: readonly MailboxEvent[];
}

/**
 * Given, when, then for the mailbox aggregate (habit 2): holds the folded state, decides commands at a time of its own and folds what
 * was accepted. `history` is what a log would hold.
 */
export class MailboxScenario {
  state: MailboxState | undefined;
  readonly history: Entry[] = [];
  lastChanges: Changes<MailboxObligation> = { owed: [], settled: [] };
  /** What a relay would hold that knows the changes alone: emitted minus settled. */
  readonly unsettled = new Map<string, MailboxObligation>();
  private messages = 0;
  private notices = 0;

  constructor(
    readonly eventId = 'evt_1',
    public at = 1_000_000,
  ) {}

  get mailbox(): MailboxState {
    if (!this.state) throw new Error('nothing happened to the mailbox');
    return this.state;
  }

  /** Message ids of who waits, oldest first. */
  get waiting(): string[] {
    return [...this.mailbox.waiters.values()].map(({ messageId }) => messageId);
  }

  /** What a wait's run would ask for; the same again with the same message id. */
  waiter(runId: string, more: Partial<WaiterData> = {}): Omit<WaiterData, 'seq'> {
    this.messages += 1;
    return {
      messageId: `msg_${this.messages}.${runId}`,
      runId,
      runCreatedAt: 900_000,
      url: 'http://app/api',
      workflowUrl: 'http://app/api',
      deadlineAt: this.at + 7 * MS_OF_DAY,
      ...more,
    };
  }

  register(waiter: Omit<WaiterData, 'seq'>) {
    return this.decide((context) => registerWaiter(this.state, waiter, context));
  }

  /** Registers a new waiter, and returns its message id. */
  waits(runId: string, more: Partial<WaiterData> = {}): string {
    const waiter = this.waiter(runId, more);
    this.register(waiter);
    return waiter.messageId;
  }

  /** To whoever waits. Its body is its id. */
  notifyAll(noticeId = this.newNoticeId()) {
    return this.notify({ noticeId, kind: 'event', body: utf8.encode(noticeId) });
  }

  /** To one run. Its body is its id. */
  notifyRun(runId: string, noticeId = this.newNoticeId()) {
    return this.notify({ noticeId, kind: 'webhook', runId, body: utf8.encode(noticeId) });
  }

  notify(notice: Notice) {
    return this.decide((context) => notify(this.state, notice, context));
  }

  deadline(messageId: string) {
    return this.decide((context) => deadlineDue(this.state, { messageId }, context));
  }

  drop(runId: string) {
    return this.decide((context) => dropRun(this.state, runId, context));
  }

  /** As the host does: what a relay has got answered is written with the next entry, or alone. */
  settle(effectIds: Iterable<string> = this.mailbox.owed.keys()): void {
    this.fold([effectsSettled(effectIds)]);
  }

  /** Writes a snapshot, a part an entry; with `written` the process dies after so many parts. */
  snapshot(maxPartBytes = 1024 * 1024, written = Infinity): void {
    for (const part of mailboxSnapshot(this.mailbox, maxPartBytes).slice(0, written)) this.fold([part]);
  }

  /** What is owed now, by type. */
  owed<Type extends MailboxObligation['type']>(type: Type): Extract<MailboxObligation, { type: Type }>[] {
    return [...this.mailbox.owed.values()].filter((each) => each.type === type) as Extract<
      MailboxObligation,
      { type: Type }
    >[];
  }

  /** What the notice carried with which a wait ended, read from where its obligation says it lies. */
  carried(tell: Extract<MailboxObligation, { type: 'TellRun' }>): string | undefined {
    if (tell.outcome.kind === 'timeout' || !tell.outcome.body) return undefined;
    const { version, event, body } = tell.outcome.body;
    if (!('inline' in body)) throw new Error('a scenario has no blobs');
    return text.decode(this.history[version - 1]?.events[event]?.bodies[body.inline]);
  }

  /** The whole history folded anew. */
  refolded(): MailboxState | undefined {
    return this.foldedFrom(1);
  }

  /** The history folded from the last complete snapshot on; undefined when there is none. */
  refoldedFromSnapshot(): MailboxState | undefined {
    for (const { version, events } of [...this.history].reverse()) {
      if (events[0]?.type !== 'MailboxSnapshot') continue;
      const { first, isComplete } = snapshotSetOf({ version, data: events[0].data });
      if (isComplete) return this.foldedFrom(first);
    }
    return undefined;
  }

  /** As it would be read back from a store: the data as JSON. */
  foldedFrom(first: number): MailboxState | undefined {
    let state: MailboxState | undefined;
    for (const { version, at, events } of this.history.slice(first - 1)) {
      const read = events.map(
        (event) => ({ ...event, data: JSON.parse(JSON.stringify(event.data)) as unknown }) as MailboxEvent,
      );
      state = evolveMailbox(state, { stream: mailboxStream(this.eventId), version, at, events: read }).state;
    }
    return state;
  }

  private newNoticeId(): string {
    this.notices += 1;
    return `notice_${this.notices}`;
  }

  private decide<Answer>(
    decide: (context: CommandContext) => Decision<Answer, MailboxEvent>,
  ): Extract<Decision<Answer, MailboxEvent>, { readonly accepted: unknown }> {
    const decision = decide({ at: this.at, seed: `seed-${this.history.length}` });
    if ('refused' in decision) throw new Error(`refused: ${decision.refused}`);
    if (decision.accepted.length > 0) this.fold(decision.accepted);
    return decision;
  }

  private fold(events: readonly MailboxEvent[]): void {
    const entry = { version: this.history.length + 1, at: this.at, events };
    this.history.push(entry);
    const { state, changes } = evolveMailbox(this.state, { stream: mailboxStream(this.eventId), ...entry });
    this.state = state;
    this.lastChanges = changes;
    for (const { effectId, obligation } of changes.owed) {
      if (this.unsettled.has(effectId)) throw new Error(`effect ${effectId} was emitted twice`);
      if (state.owed.get(effectId) !== obligation) throw new Error(`effect ${effectId} was emitted and isn't owed`);
      this.unsettled.set(effectId, obligation);
    }
    for (const effectId of changes.settled) {
      if (!this.unsettled.delete(effectId)) throw new Error(`effect ${effectId} was settled without being emitted`);
      if (state.owed.has(effectId)) throw new Error(`effect ${effectId} was settled and is owed`);
    }
    if (this.unsettled.size !== state.owed.size) throw new Error('emitted minus settled is not what is owed');
  }
}
