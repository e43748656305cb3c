import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, BareClient } from '../e2e/races/bare-client';
import type { Script } from '../e2e/races/bare-endpoint';
import { BareEndpoint } from '../e2e/races/bare-endpoint';
import type { Delivery } from '../e2e/races/delivery';
import type { StartOptions } from '../e2e/races/wire-requests';
import { finishing, starting } from '../e2e/races/wire-requests';

const TICK_MS = 20;

interface Started {
  /** `performance.now()` when its start was asked for. */
  readonly at: number;
  deliveredAt?: number;
  hasEnded: boolean;
}

/** What became of a start. */
export type Outcome = 'accepted' | 'shed';

/** One host, its runs of one delivery each, and what it saw of them. */
export class Traffic {
  readonly endpoint = new BareEndpoint();
  readonly runs = new Map<string, Started>();
  readonly accepted = new Set<string>();
  shed = 0;
  /** Answers that are neither yes nor a proper not-now. */
  readonly wrong: string[] = [];
  private number = 0;

  constructor(
    private readonly name: string,
    private readonly starts: BareClient,
    private readonly live: BareClient,
    /** What a run does when it is delivered. Default: it ends. */
    private readonly script?: (delivery: Delivery) => Promise<void>,
  ) {}

  async listen(): Promise<void> {
    await this.endpoint.start();
    this.endpoint.serve(this.name, this.receive);
  }

  /** One run. @returns what its start was answered */
  async start(options?: StartOptions): Promise<Outcome> {
    this.number += 1;
    const id = `wfr_${this.name}-${this.number}`;
    this.runs.set(id, { at: performance.now(), hasEnded: false });
    const answer = await this.starts.send(starting([{ id, url: `${this.endpoint.url}/app/${this.name}` }], options));
    if (answer.status === 200) {
      this.accepted.add(id);
      return 'accepted';
    }
    this.runs.delete(id);
    this.note(answer);
    return 'shed';
  }

  /** Many at one go. */
  async startMany(count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, index) => `wfr_${this.name}-${this.number + index}`);
    this.number += count;
    const url = `${this.endpoint.url}/app/${this.name}`;
    for (const id of ids) this.runs.set(id, { at: performance.now(), hasEnded: false });
    for (;;) {
      const answer = await this.starts.send(starting(ids.map((id) => ({ id, url }))));
      if (answer.status === 200) break;
      this.note(answer);
      await delay(1_000);
    }
    for (const id of ids) this.accepted.add(id);
  }

  /** So many at a time, each after another has ended. @returns runs a second */
  async atATime(count: number, forMs: number): Promise<number> {
    const begin = performance.now();
    const before = this.endedCount;
    const lane = async (): Promise<void> => {
      while (performance.now() - begin < forMs) {
        const id = `wfr_${this.name}-${this.number + 1}`;
        await this.start();
        while (this.runs.get(id)?.hasEnded === false) await delay(TICK_MS);
      }
    };
    await Promise.all(Array.from({ length: count }, lane));
    return ((this.endedCount - before) * 1_000) / (performance.now() - begin);
  }

  /** So many a second, whether they are answered or not. Resolves when all are. */
  async perSecond(rate: number, forMs: number): Promise<void> {
    const begin = performance.now();
    const asked: Promise<unknown>[] = [];
    let sent = 0;
    while (performance.now() - begin < forMs) {
      const due = ((performance.now() - begin) * rate) / 1_000;
      for (; sent < due; sent += 1) asked.push(this.start());
      await delay(TICK_MS);
    }
    await Promise.all(asked);
  }

  get endedCount(): number {
    let ended = 0;
    for (const { hasEnded } of this.runs.values()) if (hasEnded) ended += 1;
    return ended;
  }

  /** Accepted, and not ended so far. */
  get open(): string[] {
    return [...this.accepted].filter((id) => this.runs.get(id)?.hasEnded !== true);
  }

  /** From the start's request to the first delivery, of those asked for since then; of the undelivered, until now. Ascending, ms. */
  latencies(since = 0): number[] {
    return [...this.accepted]
      .flatMap((id) => this.runs.get(id) ?? [])
      .filter(({ at }) => at >= since)
      .map(({ at, deliveredAt = performance.now() }) => deliveredAt - at)
      .sort((a, b) => a - b);
  }

  private readonly receive: Script = async (delivery) => {
    const run = this.runs.get(delivery.runId);
    if (run) run.deliveredAt ??= performance.now();
    if (this.script) await this.script(delivery);
    else await this.end(delivery.runId);
    return undefined;
  };

  /** The run's end, as its library tells it. */
  async end(runId: string): Promise<void> {
    const { status, text } = await this.live.send(finishing(runId));
    // B4: what belongs to a live run is never refused for load.
    if (status !== 200) this.wrong.push(`the end of ${runId}: ${status} ${text}`);
    const run = this.runs.get(runId);
    if (run) run.hasEnded = true;
  }

  private note({ status, text, retryAfter }: Answer): void {
    if ((status === 429 || status === 503) && retryAfter !== undefined) this.shed += 1;
    else this.wrong.push(`a start: ${status} ${text}, Retry-After ${String(retryAfter)}`);
  }
}
