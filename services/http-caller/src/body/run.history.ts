import type { AskOptions, BodyReference, Bus, EntryHead, Message } from '@stepwell/core';
import { asks, encodeStepEntry, isRefused, message } from '@stepwell/core';
import type { EntryCache } from './entry.cache';

/*
 * The encoded entries of a run's log: from the work item's tail, from the cache, or from run-state (H4, H5).
 *
 * 1. One ask for everything that is missing, and one at a time per run: a hundred parallel deliveries of a run that isn't known
 *    here need its history once.
 * 2. An entry is encoded once per process.
 * 3. A run that its owner refuses to show is gone: its deliveries are nobody's any more.
 */

/** Whose log, and who owns it. */
export interface RunAddress {
  readonly runId: string;
  readonly partition: number;
}

/** The owner says that there is no such run (any more). */
export class RunGone extends Error {
  constructor(runId: string, reason: string) {
    super(`run ${runId} has nothing to deliver: ${reason}`);
    this.name = 'RunGone';
  }
}

interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

export class RunHistory {
  private readonly asking = new Map<string, Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly cache: EntryCache,
    private readonly askOptions: AskOptions = {},
  ) {}

  /**
   * The encoded entries `from`..`to`, in order.
   * @throws RunGone, NobodyAnswered
   */
  async entries(run: RunAddress, range: Range, tail: Message<readonly EntryHead[]>): Promise<Uint8Array[]> {
    this.cache.touch(run.runId);
    const found = new Map<number, Uint8Array>();
    await this.encodeAll(run, range, tail, found);
    for (;;) {
      const missing = this.missing(run, range, found);
      if (missing === undefined) break;
      const running = this.asking.get(run.runId);
      if (running === undefined) await this.read(run, missing, found);
      else await running;
    }
    return inOrder(range, found);
  }

  /** The same, if nobody has to be asked: by far the most. */
  known(run: RunAddress, range: Range, tail: Message<readonly EntryHead[]>): Uint8Array[] | undefined {
    const { runId } = run;
    this.cache.touch(runId);
    for (const { index, messageId, callType, body } of tail.head) {
      if (index < range.from || index > range.to || this.cache.get(runId, index, messageId) !== undefined) continue;
      if (!('inline' in body)) return undefined;
      const encoded = encodeStepEntry({ messageId, callType, body: bodyAt(tail.bodies, body.inline) });
      this.cache.put(runId, index, messageId, encoded);
    }
    const entries: Uint8Array[] = [];
    for (let index = range.from; index <= range.to; index += 1) {
      const cached = this.cache.get(runId, index);
      if (cached === undefined) return undefined;
      entries.push(cached);
    }
    return entries;
  }

  /** The bytes of a body, wherever they lie. @throws RunGone, NobodyAnswered */
  async body(run: RunAddress, reference: BodyReference, bodies: readonly Uint8Array[]): Promise<Uint8Array> {
    if ('inline' in reference) return bodyAt(bodies, reference.inline);
    const { sha256 } = reference.blob;
    const answer = await this.bus.ask(
      asks.ReadBody,
      { partition: run.partition },
      message({ runId: run.runId, sha256 }),
      this.askOptions,
    );
    if (isRefused(answer.head)) throw new RunGone(run.runId, answer.head.refused);
    return bodyAt(answer.bodies, answer.head.body);
  }

  private async read(run: RunAddress, missing: Range, found: Map<number, Uint8Array>): Promise<void> {
    const reading = this.readMissing(run, missing, found);
    // Those who wait look for themselves afterwards; a failure is the asker's own.
    this.asking.set(
      run.runId,
      reading.catch(() => undefined),
    );
    try {
      await reading;
    } finally {
      this.asking.delete(run.runId);
    }
    for (let index = missing.from; index <= missing.to; index += 1) {
      if (!found.has(index)) throw new Error(`run ${run.runId}: entry ${index} was asked for and not answered`);
    }
  }

  private async readMissing(run: RunAddress, missing: Range, found: Map<number, Uint8Array>): Promise<void> {
    const answer = await this.bus.ask(
      asks.ReadEntries,
      { partition: run.partition },
      message({ runId: run.runId, from: missing.from, to: missing.to }),
      this.askOptions,
    );
    if (isRefused(answer.head)) throw new RunGone(run.runId, answer.head.refused);
    await this.encodeAll(run, missing, message(answer.head.entries, answer.bodies), found);
  }

  private async encodeAll(
    run: RunAddress,
    range: Range,
    heads: Message<readonly EntryHead[]>,
    found: Map<number, Uint8Array>,
  ): Promise<void> {
    for (const { index, messageId, callType, body } of heads.head) {
      if (index < range.from || index > range.to) continue;
      const cached = this.cache.get(run.runId, index, messageId);
      if (cached !== undefined) {
        found.set(index, cached);
        continue;
      }
      const encoded = encodeStepEntry({ messageId, callType, body: await this.body(run, body, heads.bodies) });
      found.set(index, encoded);
      this.cache.put(run.runId, index, messageId, encoded);
    }
  }

  /** Takes what the cache has; the span of the rest. */
  private missing(run: RunAddress, range: Range, found: Map<number, Uint8Array>): Range | undefined {
    let from = -1;
    let to = -1;
    for (let index = range.from; index <= range.to; index += 1) {
      if (found.has(index)) continue;
      const cached = this.cache.get(run.runId, index);
      if (cached !== undefined) {
        found.set(index, cached);
        continue;
      }
      if (from < 0) from = index;
      to = index;
    }
    return from < 0 ? undefined : { from, to };
  }
}

function inOrder(range: Range, found: ReadonlyMap<number, Uint8Array>): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let index = range.from; index <= range.to; index += 1) {
    const entry = found.get(index);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function bodyAt(bodies: readonly Uint8Array[], index: number): Uint8Array {
  const body = bodies[index];
  if (body === undefined) throw new RangeError(`a message refers to body ${index} of ${bodies.length}`);
  return body;
}
