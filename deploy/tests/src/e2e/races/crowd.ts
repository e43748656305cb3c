import type { Arena } from './arena';
import type { Reply } from './bare-endpoint';
import type { Delivery } from './delivery';
import { sendPatiently } from './patience';
import type { RunAddress } from './wire-requests';
import { finishing, pendingStep, starting, waiting } from './wire-requests';

/** One batch of starts, and how many of them are asked for at once. */
const BATCH = 500;
const BATCHES_AT_ONCE = 4;
/** A delivery that the engine gave up because it was killed is made again soon, and often. */
const OPTIONS = { retries: 20, retryDelay: '500' };

/**
 * Very many runs that do the same: wait for one event and end when it came. Of each only what matters is kept: which messages told it that
 * the wait is over.
 */
export class Crowd {
  /** Runs whose wait was answered 2xx: more than once, if the first delivery came again. */
  readonly waiting = new Set<string>();
  /** By run, the messages whose delivery ended in the wait's result; more than one is one too many. */
  readonly resumedBy = new Map<string, string[]>();
  /** Deliveries of such messages, however often. */
  resumptions = 0;
  readonly wrongNotices: string[] = [];
  /** Runs whose end was answered 2xx. */
  readonly ended = new Set<string>();
  lastResumedAt = 0;
  private readonly runs: readonly RunAddress[];

  constructor(
    private readonly arena: Arena,
    readonly eventId: string,
    readonly notice: string,
    readonly size: number,
  ) {
    const name = arena.unique('crowd');
    const url = arena.endpoint.serve(name, (delivery) => this.receive(delivery));
    this.runs = Array.from({ length: size }, (_, index) => ({ id: `wfr_${name}-${index}`, url }));
  }

  get resumed(): number {
    return this.resumedBy.size;
  }

  /** Runs that were told twice. */
  get resumedTwice(): string[] {
    return [...this.resumedBy].filter(([, messages]) => messages.length > 1).map(([runId]) => runId);
  }

  /** Some of them, far apart. */
  sample(count: number): RunAddress[] {
    const step = Math.max(1, Math.floor(this.size / count));
    return this.runs.filter((_, index) => index % step === 0);
  }

  async start(): Promise<void> {
    const batches = Array.from({ length: Math.ceil(this.size / BATCH) }, (_, index) =>
      this.runs.slice(index * BATCH, (index + 1) * BATCH),
    );
    const startSome = async (): Promise<void> => {
      for (let batch = batches.shift(); batch; batch = batches.shift())
        await sendPatiently(this.arena, starting(batch, OPTIONS));
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, startSome));
  }

  private async receive(delivery: Delivery): Promise<Reply | undefined> {
    const { runId, messageId } = delivery;
    if (delivery.isFirst) {
      const { id, url } = { id: runId, url: delivery.url };
      await sendPatiently(this.arena, waiting({ id, url }, this.eventId, pendingStep(1, 'Wait')));
      this.waiting.add(runId);
      return undefined;
    }
    this.resumptions += 1;
    this.lastResumedAt = performance.now();
    if (!delivery.isResultOf(1) || delivery.notice !== this.notice) this.wrongNotices.push(runId);
    const messages = this.resumedBy.get(runId) ?? [];
    this.resumedBy.set(runId, messages);
    if (!messages.includes(messageId)) messages.push(messageId);
    await sendPatiently(this.arena, finishing(runId));
    this.ended.add(runId);
    return undefined;
  }
}
