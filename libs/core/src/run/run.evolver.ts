import { stepEntryLength } from '../wire/step-entry';
import { completedBy, deliveryOfEntry, progressOf } from './dialects/upstash';
import { DeliveriesFold } from './deliveries.fold';
import type { Changes } from './effects';
import type { RunEvent, RunEventData } from './run.events';
import type { BodyPlace, CallProgress, Entry, FailedAttempt, PlacedResult, RunState } from './run.state';
import { createdAtOf, hasEnded, hasResult } from './run.state';

/*
 * evolve: how each event changes a run, and which obligations it brings and ends. Total: an event that was accepted once must fold
 * for ever, so nothing here refuses.
 *
 * 1. What must happen outside is an {@link Obligation} in `state.owed` with the id `<stream>:<version>:<k>`; so "emitted minus
 *    settled = owed" holds by construction, and recovery reads the same map (E2).
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
  return { state: folded, changes: fold.deliveries.changes() };
}

class EntryFold {
  readonly deliveries: DeliveriesFold;

  constructor(private readonly entry: RunEntry) {
    this.deliveries = new DeliveriesFold(entry);
  }

  apply(state: RunState | undefined, event: RunEvent, index: number): RunState {
    if (event.type === 'RunStarted') return this.runStarted(event.data, index);
    if (!state) throw new Error(`stream ${this.entry.stream} does not begin with RunStarted`);
    switch (event.type) {
      case 'StartContinued':
        this.startContinued(state, event.data);
        break;
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
      case 'WaitRequested':
        this.waitRequested(state, event.data);
        break;
      case 'InvokeRequested':
        this.invokeRequested(state, event.data, index);
        break;
      case 'MailboxOpened':
        state.mailboxes.add(event.data.eventId);
        break;
      case 'AttemptFailed':
        this.attemptFailed(state, event.data, index);
        break;
      case 'AttemptDue':
        this.attemptDue(state, event.data);
        break;
      case 'DeliveriesSucceeded':
        for (const messageId of event.data.messageIds) this.deliveries.close(state, messageId);
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
        this.failureCallbackEnded(state, event.data, index);
        break;
      case 'FailureCallbackRequested':
        state.failureCallback = { ...event.data, state: 'in-progress' };
        this.openFailureCallback(state, event.data.messageId);
        this.deliveries.owe(state, { type: 'WriteRow' });
        break;
      case 'DeadLetterDeleted':
        state.deadLetterGone = { deleted: event.data };
        this.deliveries.owe(state, { type: 'WriteRow' });
        break;
      case 'RunTakenOver':
        state.deadLetterGone = { takenOver: event.data };
        this.deliveries.owe(state, { type: 'WriteRow' });
        this.deliveries.tell(state, { kind: 'start-successor' });
        break;
      case 'CopyCompleted':
        this.copyCompleted(state, event.data);
        break;
    }
    return state;
  }

  private runStarted(data: RunEventData['RunStarted'], index: number): RunState {
    const state: RunState = {
      runId: data.runId,
      status: 'running',
      version: this.entry.version,
      createdAt: createdAtOf(data, this.entry.at),
      start: data,
      entries: [],
      entryByKey: new Map(),
      entryByMessage: new Map(),
      steps: new Map(),
      groups: new Map(),
      frontier: 0,
      calls: new Map(),
      waits: new Map(),
      invokes: new Map(),
      mailboxes: new Set(),
      deliveries: new Map(),
      owed: new Map(),
      tells: new Map(),
      failures: new Map(),
      ...(data.successorOf?.how === 'resume' ? { isCopying: true } : {}),
    };
    this.deliveries.owe(state, { type: 'WriteRow' });
    this.log(state, data, index);
    return state;
  }

  /** The payload again, as the library wants it now (protocol.md 5.5): the same message, its next attempt. */
  private startContinued(state: RunState, data: RunEventData['StartContinued']): void {
    state.start = { ...state.start, ...data };
    state.isContinued = true;
    const [first] = state.entries;
    if (first) state.entries[0] = { ...first, data: state.start };
    const delivery = state.deliveries.get(state.start.messageId);
    if (!delivery) return;
    delivery.url = data.destination;
    delivery.attempt += 1;
    delivery.retried = 0;
    delete delivery.outageSince;
    this.deliveries.begin(state, delivery, undefined);
  }

  /** A message of the log: appended, and delivered with the slice that ends in it (protocol.md 7.2). */
  private log(state: RunState, data: RunEventData['RunStarted'] | RunEventData['StepRecorded'], index: number): void {
    const before = state.entries.at(-1);
    const entry: Entry = {
      index: state.entries.length,
      messageId: data.messageId,
      at: this.entry.at,
      place: this.place(index, data.body),
      listBytes: (before?.listBytes ?? 0) + stepEntryLength(data.messageId, data.body.sizeBytes),
      data,
      ...('step' in data ? { step: data.step } : {}),
    };
    if (entry.step) this.stepEnds(state, entry.step);
    state.entries.push(entry);
    state.entryByMessage.set(data.messageId, entry.index);
    const delivery = deliveryOfEntry(state, entry);
    // A child's result that comes after the end is logged, and delivered to nobody (protocol.md 8.7).
    if (hasEnded(state)) return;
    const message = { ...delivery, messageId: data.messageId, url: data.destination, method: data.method };
    this.deliveries.open(state, message, data.notBeforeMs);
  }

  /** Whatever worked on it has done so. */
  private stepEnds(state: RunState, step: NonNullable<Entry['step']>): void {
    for (const messageId of completedBy(state, step)) this.deliveries.close(state, messageId);
    if (step.targetStep !== undefined) return;
    const { waitMessageId, invokeMessageId } = state.steps.get(step.stepId) ?? {};
    if (waitMessageId) this.deliveries.untell(state, { kind: 'register-waiter', messageId: waitMessageId });
    if (invokeMessageId) this.deliveries.untell(state, { kind: 'start-child', messageId: invokeMessageId });
  }

  private callRequested(state: RunState, data: RunEventData['CallRequested'], index: number): void {
    const { step } = data.callback;
    for (const messageId of completedBy(state, step, 'request')) this.deliveries.close(state, messageId);
    progressOf(state, step.stepId).callMessageId = data.messageId;
    state.calls.set(data.messageId, { at: this.entry.at, data, place: this.place(index, data.body) });
    this.deliveries.open(
      state,
      {
        messageId: data.messageId,
        kind: 'call',
        url: data.destination,
        method: data.method,
        callMessageId: data.messageId,
        owesFollowUp: false,
      },
      data.notBeforeMs,
    );
  }

  private callAnswered(state: RunState, data: RunEventData['CallAnswered'], index: number): void {
    this.deliveries.close(state, data.callMessageId);
    const call: CallProgress | undefined = state.calls.get(data.callMessageId);
    if (!call) return;
    call.answer = { ...this.placed(index, data.result), at: this.entry.at, data };
    progressOf(state, call.data.callback.step.stepId).callbackMessageId = data.messageId;
    this.deliveries.open(
      state,
      {
        messageId: data.messageId,
        kind: 'callback',
        url: call.data.callback.url,
        method: 'POST',
        callMessageId: data.callMessageId,
        owesFollowUp: true,
      },
      undefined,
    );
  }

  private waitRequested(state: RunState, data: RunEventData['WaitRequested']): void {
    for (const messageId of completedBy(state, data.step, 'request')) this.deliveries.close(state, messageId);
    progressOf(state, data.step.stepId).waitMessageId = data.messageId;
    state.waits.set(data.messageId, { at: this.entry.at, data });
    state.mailboxes.add(data.eventId);
    this.deliveries.tell(state, { kind: 'register-waiter', messageId: data.messageId });
  }

  private invokeRequested(state: RunState, data: RunEventData['InvokeRequested'], index: number): void {
    for (const messageId of completedBy(state, data.step, 'request')) this.deliveries.close(state, messageId);
    progressOf(state, data.step.stepId).invokeMessageId = data.messageId;
    const childPlace = this.place(index, data.child.body);
    state.invokes.set(data.messageId, { at: data.invokedAt ?? this.entry.at, data, childPlace });
    this.deliveries.tell(state, { kind: 'start-child', messageId: data.messageId });
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
    delivery.attempt += 1;
    if (data.counted) delivery.retried += 1;
    // Once an outage has lasted its hour it counts, but it is still the same outage: no new hour begins (B4).
    if (data.result.error?.code === 'UNAVAILABLE') delivery.outageSince ??= this.entry.at;
    else delete delivery.outageSince;
    this.deliveries.wait(state, delivery, data.nextAttemptAt);
  }

  private attemptDue(state: RunState, data: RunEventData['AttemptDue']): void {
    const delivery = state.deliveries.get(data.messageId);
    if (delivery) this.deliveries.begin(state, delivery, undefined);
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
    if (!state.start.config.failureCallback || data.failureMessageId === undefined) return;
    state.failureCallback = { messageId: data.failureMessageId, state: 'in-progress' };
    this.openFailureCallback(state, data.failureMessageId);
  }

  private openFailureCallback(state: RunState, messageId: string): void {
    const url = state.start.config.failureCallback?.url;
    if (url === undefined) return;
    this.deliveries.open(state, { messageId, kind: 'failure', url, method: 'POST', owesFollowUp: false }, undefined);
  }

  private failureCallbackEnded(state: RunState, data: RunEventData['FailureCallbackEnded'], index: number): void {
    const delivery = state.deliveries.get(data.messageId);
    if (delivery && data.state === 'cancelled') this.deliveries.drop(state, delivery);
    this.deliveries.close(state, data.messageId);
    state.failureCallback = {
      ...state.failureCallback,
      messageId: data.messageId,
      state: data.state,
      result: this.placed(index, data.result),
    };
    if (data.isListed) this.deliveries.owe(state, { type: 'WriteRow' });
  }

  private runEnded(state: RunState, status: 'succeeded' | 'failed' | 'cancelled'): void {
    state.status = status;
    state.completedAt = this.entry.at;
    state.endedBy = this.entry.version;
    for (const delivery of [...state.deliveries.values()]) this.deliveries.drop(state, delivery);
    for (const messageId of state.waits.keys()) this.deliveries.untell(state, { kind: 'register-waiter', messageId });
    for (const messageId of state.invokes.keys()) this.deliveries.untell(state, { kind: 'start-child', messageId });
    this.deliveries.owe(state, { type: 'WriteRow' });
    this.deliveries.owe(state, { type: 'Announce' });
    for (const eventId of state.mailboxes) this.deliveries.tell(state, { kind: 'drop-run', eventId });
    if (state.start.invoker) this.deliveries.tell(state, { kind: 'child-ended' });
  }

  /** What was pending when the other run failed is begun anew, and from now on this run is one like any other (protocol.md 12). */
  private copyCompleted(state: RunState, data: RunEventData['CopyCompleted']): void {
    delete state.isCopying;
    this.deliveries.owe(state, { type: 'WriteRow' });
    for (const delivery of state.deliveries.values()) {
      const own = state.entries[delivery.entry ?? -1]?.data ?? state.calls.get(delivery.messageId)?.data;
      this.deliveries.begin(state, delivery, Math.max(own?.notBeforeMs ?? 0, data.notBeforeMs ?? 0));
    }
    for (const [messageId, { data }] of state.waits) {
      if (!hasResult(state, data.step.stepId)) this.deliveries.tell(state, { kind: 'register-waiter', messageId });
    }
    // The failure may have come before the child had begun: started twice, it is one run.
    for (const [messageId, { data }] of state.invokes) {
      if (!hasResult(state, data.step.stepId)) this.deliveries.tell(state, { kind: 'start-child', messageId });
    }
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
