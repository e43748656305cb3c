import type { Delivery, Obligation, RunState, RunTold } from './run.state';
import { tellKey, timerId } from './run.state';
import type { Changes } from './effects';
import { EntryEffects } from './effects';

/*
 * A run's open deliveries and tells, and what each owes now: the part of the fold that keeps `deliveries`, `tells` and `owed` in step.
 *
 * 1. A message is in `deliveries` from the event that makes it due until the one that ends it. Ending it ends what is owed for it.
 * 2. A tell is in `tells` while it is owed.
 * 3. While a run's log is being copied nothing is owed (protocol.md 12); `resume` makes up for it.
 */

export type NewDelivery = Pick<Delivery, 'messageId' | 'kind' | 'url' | 'method' | 'owesFollowUp'> & {
  readonly entry?: number;
  readonly callMessageId?: string;
};

export class DeliveriesFold {
  private readonly effects: EntryEffects<Obligation>;

  constructor(private readonly entry: { readonly stream: string; readonly version: number; readonly at: number }) {
    this.effects = new EntryEffects(entry);
  }

  changes(): Changes {
    return this.effects.changes();
  }

  owe(state: RunState, obligation: Obligation): string {
    return state.isCopying ? '' : this.effects.owe(state.owed, obligation);
  }

  tell(state: RunState, tell: RunTold): void {
    const effectId = this.owe(state, { type: 'TellStream', tell });
    if (effectId !== '') state.tells.set(tellKey(tell), effectId);
  }

  untell(state: RunState, tell: RunTold): void {
    const key = tellKey(tell);
    const effectId = state.tells.get(key);
    if (effectId === undefined) return;
    state.tells.delete(key);
    this.effects.settle(state.owed, effectId);
  }

  open(state: RunState, message: NewDelivery, notBeforeMs: number | undefined): void {
    const delivery: Delivery = {
      ...message,
      attempt: 0,
      retried: 0,
      phase: 'sent',
      openedAt: this.entry.at,
      since: this.entry.at,
      effectId: '',
    };
    state.deliveries.set(delivery.messageId, delivery);
    this.begin(state, delivery, notBeforeMs);
  }

  /** The next attempt: at once, or at its time. */
  begin(state: RunState, delivery: Delivery, notBeforeMs: number | undefined): void {
    this.effects.settle(state.owed, delivery.effectId);
    if (notBeforeMs !== undefined && notBeforeMs > this.entry.at) this.wait(state, delivery, notBeforeMs);
    else this.send(state, delivery);
  }

  wait(state: RunState, delivery: Delivery, dueAt: number): void {
    const { messageId, attempt } = delivery;
    this.effects.settle(state.owed, delivery.effectId);
    delivery.phase = { waitingUntil: dueAt };
    delivery.effectId = this.owe(state, { type: 'SetTimer', messageId, attempt, dueAt });
  }

  /** Ended, whatever it waited for: a timer that was set is called off. */
  drop(state: RunState, delivery: Delivery): void {
    if (typeof delivery.phase === 'object') {
      this.owe(state, { type: 'CancelTimer', timerId: timerId(state.runId, delivery.messageId, delivery.attempt) });
    }
    this.close(state, delivery.messageId);
  }

  close(state: RunState, messageId: string): void {
    const delivery = state.deliveries.get(messageId);
    if (!delivery) return;
    this.effects.settle(state.owed, delivery.effectId);
    state.deliveries.delete(messageId);
  }

  private send(state: RunState, delivery: Delivery): void {
    const { messageId, attempt } = delivery;
    delivery.phase = 'sent';
    delivery.since = this.entry.at;
    delivery.effectId = this.owe(state, { type: delivery.kind === 'call' ? 'CallOut' : 'Deliver', messageId, attempt });
  }
}
