import { completedBy, deliveryOfEntry, progressOf } from './dialects/upstash';
import type { Changes } from './effects';
import { EntryEffects } from './effects';
import type { MessageData, RunEvent, RunEventData } from './run.events';
import type {
  BodyPlace,
  CallProgress,
  Delivery,
  Entry,
  FailedAttempt,
  Obligation,
  PlacedResult,
  RunState,
} from './run.state';
import { timerId } from './run.state';

/*
 * evolve: how each event changes a run, and which obligations it brings and ends. Total: an event that was accepted once must fold
 * for ever, so nothing here refuses.
 *
 * 1. What must happen outside is an {@link Obligation} in `state.owed`; recovery reads the same map (E2).
 * 2. A message is in `deliveries` from the event that makes it due until the one that ends it. Ending it ends what is owed for it.
 * 3. The state is changed in place; who loses a commit drops the state and folds again.
 */

/** One committed entry of a run's stream: `version` counts its entries from 1, `at` is its commit in unix ms. */
export interface RunEntry {
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly events: readonly Omit<RunEvent, 'bodies'>[];
}

/** Folds one entry. `state` is undefined before the first, whose first event must be `RunStarted`. */
export function evolve(state: RunState | undefined, entry: RunEntry): { state: RunState; changes: Changes } {
  let folded = state;
  const fold = new EntryFold(entry);
  entry.events.forEach((event, index) => {
    folded = fold.apply(folded, event as RunEvent, index);
  });
  if (!folded) throw new Error(`stream ${entry.stream} does not begin with RunStarted`);
  folded.version = entry.version;
  return { state: folded, changes: fold.changes() };
}

class EntryFold {
  private readonly effects: EntryEffects<Obligation>;

  constructor(private readonly entry: RunEntry) {
    this.effects = new EntryEffects(entry);
  }

  changes(): Changes {
    return this.effects.changes();
  }

  apply(state: RunState | undefined, event: RunEvent, index: number): RunState {
    if (event.type === 'RunStarted') return this.runStarted(event.data, index);
    if (!state) throw new Error(`stream ${this.entry.stream} does not begin with RunStarted`);
    switch (event.type) {
      case 'StepPlanned':
      case 'StepRecorded':
        this.log(state, event.data, index);
        break;
      case 'CallRequested':
        this.callRequested(state, event.data, index);
        break;
      case 'CallAnswered':
        this.callAnswered(state, event.data, index);
        break;
      case 'AttemptFailed':
        this.attemptFailed(state, event.data, index);
        break;
      case 'AttemptDue':
        this.attemptDue(state, event.data);
        break;
      case 'DeliveriesSucceeded':
        for (const messageId of event.data.messageIds) this.close(state, messageId);
        break;
      case 'RunFinished':
        if (event.data.result) state.result = this.place(index, event.data.result);
        this.runEnded(state, 'succeeded');
        break;
      case 'RunFailed':
        this.runFailed(state, event.data, index);
        break;
      case 'RunCancelled':
        this.runEnded(state, 'cancelled');
        break;
      case 'FailureCallbackEnded':
        this.close(state, event.data.messageId);
        state.failureCallback = {
          messageId: event.data.messageId,
          state: event.data.state,
          result: this.placed(index, event.data.result),
        };
        break;
    }
    return state;
  }

  private runStarted(data: RunEventData['RunStarted'], index: number): RunState {
    const state: RunState = {
      runId: data.runId,
      status: 'running',
      version: this.entry.version,
      createdAt: this.entry.at,
      start: data,
      entries: [],
      entryByKey: new Map(),
      entryByMessage: new Map(),
      steps: new Map(),
      groups: new Map(),
      frontier: 0,
      calls: new Map(),
      deliveries: new Map(),
      owed: new Map(),
      failures: new Map(),
    };
    this.owe(state, { type: 'WriteRow' });
    this.log(state, data, index);
    return state;
  }

  /** A message of the log: appended, and delivered with the slice that ends in it (protocol.md 7.2). */
  private log(state: RunState, data: RunEventData['RunStarted'] | RunEventData['StepRecorded'], index: number): void {
    const entry: Entry = {
      index: state.entries.length,
      messageId: data.messageId,
      at: this.entry.at,
      place: this.place(index, data.body),
      data,
      ...('step' in data ? { step: data.step } : {}),
    };
    if (entry.step) for (const messageId of completedBy(state, entry.step)) this.close(state, messageId);
    state.entries.push(entry);
    state.entryByMessage.set(data.messageId, entry.index);
    const delivery = deliveryOfEntry(state, entry);
    this.open(state, { ...delivery, messageId: data.messageId, url: data.destination, method: data.method }, data);
  }

  private callRequested(state: RunState, data: RunEventData['CallRequested'], index: number): void {
    const { step } = data.callback;
    for (const messageId of completedBy(state, step, 'call')) this.close(state, messageId);
    progressOf(state, step.stepId).callMessageId = data.messageId;
    state.calls.set(data.messageId, { at: this.entry.at, data, place: this.place(index, data.body) });
    this.open(
      state,
      {
        messageId: data.messageId,
        kind: 'call',
        url: data.destination,
        method: data.method,
        callMessageId: data.messageId,
        owesFollowUp: false,
      },
      data,
    );
  }

  private callAnswered(state: RunState, data: RunEventData['CallAnswered'], index: number): void {
    this.close(state, data.callMessageId);
    const call: CallProgress | undefined = state.calls.get(data.callMessageId);
    if (!call) return;
    call.answer = { ...this.placed(index, data.result), at: this.entry.at, data };
    progressOf(state, call.data.callback.step.stepId).callbackMessageId = data.messageId;
    this.open(
      state,
      {
        messageId: data.messageId,
        kind: 'callback',
        url: call.data.callback.url,
        method: 'POST',
        callMessageId: data.callMessageId,
        owesFollowUp: true,
      },
      {},
    );
  }

  private attemptFailed(state: RunState, data: RunEventData['AttemptFailed'], index: number): void {
    this.noteFailure(state, data.messageId, {
      ...this.placed(index, data.result),
      at: this.entry.at,
      attempt: data.attempt,
      counted: data.counted,
      nextAttemptAt: data.nextAttemptAt,
    });
    const delivery = state.deliveries.get(data.messageId);
    if (!delivery) return;
    this.settle(state, delivery.effectId);
    delivery.attempt += 1;
    if (data.counted) delivery.retried += 1;
    // Once an outage has lasted its hour it counts, but it is still the same outage: no new hour begins (B4).
    if (data.result.error?.code === 'UNAVAILABLE') delivery.outageSince ??= this.entry.at;
    else delete delivery.outageSince;
    this.wait(state, delivery, data.nextAttemptAt);
  }

  private attemptDue(state: RunState, data: RunEventData['AttemptDue']): void {
    const delivery = state.deliveries.get(data.messageId);
    if (!delivery) return;
    this.settle(state, delivery.effectId);
    this.send(state, delivery);
  }

  private runFailed(state: RunState, data: RunEventData['RunFailed'], index: number): void {
    state.failure = { at: this.entry.at, version: this.entry.version, event: index, data };
    this.noteFailure(state, data.messageId, {
      ...this.placed(index, data.result),
      at: this.entry.at,
      attempt: state.deliveries.get(data.messageId)?.attempt ?? data.retried,
      counted: true,
    });
    this.runEnded(state, 'failed');
    const callback = state.start.config.failureCallback;
    if (!callback || data.failureMessageId === undefined) return;
    state.failureCallback = { messageId: data.failureMessageId, state: 'in-progress' };
    this.open(
      state,
      { messageId: data.failureMessageId, kind: 'failure', url: callback.url, method: 'POST', owesFollowUp: false },
      {},
    );
  }

  private runEnded(state: RunState, status: 'succeeded' | 'failed' | 'cancelled'): void {
    state.status = status;
    state.completedAt = this.entry.at;
    for (const delivery of [...state.deliveries.values()]) {
      if (typeof delivery.phase === 'object') {
        this.owe(state, { type: 'CancelTimer', timerId: timerId(state.runId, delivery.messageId, delivery.attempt) });
      }
      this.close(state, delivery.messageId);
    }
    this.owe(state, { type: 'WriteRow' });
    this.owe(state, { type: 'Announce' });
  }

  private open(
    state: RunState,
    message: Pick<Delivery, 'messageId' | 'kind' | 'url' | 'method' | 'owesFollowUp'> & {
      entry?: number;
      callMessageId?: string;
    },
    timing: Pick<MessageData, 'notBeforeMs'> | Record<string, never>,
  ): void {
    const delivery: Delivery = {
      ...message,
      attempt: 0,
      retried: 0,
      phase: 'sent',
      since: this.entry.at,
      effectId: '',
    };
    state.deliveries.set(delivery.messageId, delivery);
    const notBefore = timing.notBeforeMs;
    if (notBefore !== undefined && notBefore > this.entry.at) this.wait(state, delivery, notBefore);
    else this.send(state, delivery);
  }

  private send(state: RunState, delivery: Delivery): void {
    const { messageId, attempt } = delivery;
    delivery.phase = 'sent';
    delivery.since = this.entry.at;
    delivery.effectId = this.owe(state, { type: delivery.kind === 'call' ? 'CallOut' : 'Deliver', messageId, attempt });
  }

  private wait(state: RunState, delivery: Delivery, dueAt: number): void {
    const { messageId, attempt } = delivery;
    delivery.phase = { waitingUntil: dueAt };
    delivery.effectId = this.owe(state, { type: 'SetTimer', messageId, attempt, dueAt });
  }

  private close(state: RunState, messageId: string): void {
    const delivery = state.deliveries.get(messageId);
    if (!delivery) return;
    this.settle(state, delivery.effectId);
    state.deliveries.delete(messageId);
  }

  private owe(state: RunState, obligation: Obligation): string {
    return this.effects.owe(state.owed, obligation);
  }

  private settle(state: RunState, effectId: string): void {
    this.effects.settle(state.owed, effectId);
  }

  private place(event: number, body: BodyPlace['body']): BodyPlace {
    return { version: this.entry.version, event, body };
  }

  private placed(event: number, result: PlacedResult['result']): PlacedResult {
    return { result, ...(result.body ? { body: this.place(event, result.body) } : {}) };
  }

  private noteFailure(state: RunState, messageId: string, failure: FailedAttempt): void {
    const failures = state.failures.get(messageId);
    if (failures) failures.push(failure);
    else state.failures.set(messageId, [failure]);
  }
}
