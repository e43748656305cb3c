import type { Reply, Script } from './bare-endpoint';
import type { Delivery } from './delivery';
import type { RunAddress } from './wire-requests';

/** A run that isn't delivered within this time hangs: nothing in a race waits for long by intention, but machines may be slow. */
export const HANGS_AFTER_MS = 120_000;

/**
 * One run as its endpoint sees it: who is called, in which order, with which history. The history of a run only ever grows at its end
 * (protocol.md 7.2): a list that says otherwise is a complaint.
 */
export class BareRun implements RunAddress {
  readonly deliveries: Delivery[] = [];
  /** Runs that came to the same URL: those that took over from this one (12). */
  readonly successors = new Map<string, BareRun>();
  readonly complaints: string[] = [];
  url = '';
  private order: readonly string[] = [];
  private readonly expected: {
    readonly matches: (delivery: Delivery) => boolean;
    readonly found: (delivery: Delivery) => void;
  }[] = [];

  constructor(
    readonly id: string,
    private readonly script: Script,
  ) {}

  /** For the endpoint. */
  readonly receive: Script = (delivery) => {
    if (delivery.runId !== this.id) return this.successor(delivery).receive(delivery);
    this.checkOrder(delivery);
    this.deliveries.push(delivery);
    for (const { matches, found } of this.expected) if (matches(delivery)) found(delivery);
    return this.script(delivery);
  };

  /** The first delivery that matches, of those that came already too. @throws Error when it hangs */
  async delivered(what: string, matches: (delivery: Delivery) => boolean): Promise<Delivery> {
    const earlier = this.deliveries.find(matches);
    if (earlier) return earlier;
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => {
        reject(new Error(`${this.id} hangs: no ${what} after ${this.deliveries.length} deliveries`));
      }, HANGS_AFTER_MS);
      this.expected.push({
        matches,
        found: (delivery) => {
          clearTimeout(giveUp);
          resolve(delivery);
        },
      });
    });
  }

  begun(): Promise<Delivery> {
    return this.delivered('first delivery', ({ isFirst }) => isFirst);
  }

  resultOf(stepId: number): Promise<Delivery> {
    return this.delivered(`result of step ${stepId}`, (delivery) => delivery.isResultOf(stepId));
  }

  /** Ids of the messages whose delivery ended in that step's result. */
  messagesOf(stepId: number): string[] {
    return [...new Set(this.deliveries.filter((each) => each.isResultOf(stepId)).map(({ messageId }) => messageId))];
  }

  /** All are in the order that was seen; what comes late is still held against it. */
  forgetDeliveries(): void {
    this.deliveries.length = 0;
    this.expected.length = 0;
    for (const successor of this.successors.values()) successor.forgetDeliveries();
  }

  private successor({ runId }: Delivery): BareRun {
    const known = this.successors.get(runId);
    if (known) return known;
    const successor = new BareRun(runId, this.script);
    successor.url = this.url;
    this.successors.set(runId, successor);
    return successor;
  }

  private checkOrder({ entries, messageId }: Delivery): void {
    const own = entries.map((entry) => entry.messageId);
    const common = Math.min(own.length, this.order.length);
    for (let index = 0; index < common; index += 1) {
      if (own[index] === this.order[index]) continue;
      this.complaints.push(
        `${this.id}: entry ${index} is ${own[index] ?? ''} to ${messageId}, ${this.order[index] ?? ''} to others`,
      );
      return;
    }
    if (own.length > this.order.length) this.order = own;
  }
}

/** For scripts that end in something that happens only once. */
export type RunScript = (run: BareRun, delivery: Delivery) => Promise<Reply | undefined> | Reply | undefined;
