import { createHash } from 'node:crypto';
import type { DeliverItem } from '@stepwell/core';

/*
 * What endpoints that keep the history of their runs were sent of it and have taken (deploy/docs/reference/native-protocol.md, decision
 * 0024): how much of it the next delivery leaves out. A cache: what it lacks is sent whole.
 *
 * 1. Never left out is the delivery's own entry: the last one sent is what the delivery is for, whatever the endpoint knows of later ones.
 * 2. What is left out is named by its number and its digest. Whether an endpoint has just that, the endpoint says; nothing here is
 *    trusted for it.
 * 3. One log, one endpoint: under another time of creation or another URL a run's id means nothing known.
 * 4. Bounded in bytes; the run that was not needed for the longest time goes first. Of one run the newest digests are kept: a slice
 *    that ends before them is sent whole.
 * 5. Where tails are refused again and again (replicas that share nothing), they are tried more and more rarely.
 */

/** What a delivery leaves out. */
export interface Tail {
  /** So many entries, from the first. */
  readonly omitted: number;
  readonly digest: string;
}

interface KeptRun {
  readonly url: string;
  readonly createdAt: string | undefined;
  /** The digest of the first `base + i + 1` entries at `i`. */
  digests: string[];
  base: number;
  /** In a row. */
  refusals: number;
  /** So many deliveries are sent whole before the next tail. */
  wholeNext: number;
}

export interface HistoryTailsLimits {
  readonly maxBytes: number;
  /** At least so many of a run, at most twice as many. */
  readonly digestsPerRun: number;
}

const DIGEST_BYTES = 80;
const RUN_BYTES = 500;
const LONGEST_WHOLE = 1_000;
const CREATED_AT = 'upstash-workflow-createdat';

/** Of a history one entry longer than that of `digest`; of none it is the empty text. */
export const digestAfter = (digest: string, entry: Uint8Array): string =>
  createHash('sha256').update(digest).update(entry).digest('base64url');

export class HistoryTails {
  /** Least recently needed first. */
  private readonly runs = new Map<string, KeptRun>();
  private heldBytes = 0;

  constructor(private readonly limits: HistoryTailsLimits) {}

  get sizeBytes(): number {
    return this.heldBytes;
  }

  /** What this delivery may leave out, if anything. */
  of(item: DeliverItem): Tail | undefined {
    const run = this.runs.get(item.runId);
    if (run === undefined) return undefined;
    const last = lastEntry(item);
    if (last === undefined || !isOf(run, item)) return undefined;
    this.runs.delete(item.runId);
    this.runs.set(item.runId, run);
    if (run.wholeNext > 0) {
      run.wholeNext -= 1;
      return undefined;
    }
    const omitted = Math.min(last, run.base + run.digests.length);
    const digest = digestOf(run, omitted);
    return digest === undefined ? undefined : { omitted, digest };
  }

  /** The endpoint keeps what this delivery has sent: the entries after `tail`, or all. */
  taken(item: DeliverItem, tail: Tail | undefined, entries: readonly Uint8Array[]): void {
    const known = this.runs.get(item.runId);
    const isKnown = known !== undefined && isOf(known, item);
    const run = isKnown ? known : newRun(item);
    // What it goes on from was forgotten meanwhile.
    if (tail !== undefined && digestOf(run, tail.omitted) !== tail.digest) return;
    this.forget(item.runId);
    append(run, tail, entries);
    if (tail !== undefined) run.refusals = 0;
    const { digestsPerRun } = this.limits;
    if (run.digests.length > 2 * digestsPerRun) {
      run.base += run.digests.length - digestsPerRun;
      run.digests = run.digests.slice(-digestsPerRun);
    }
    this.runs.set(item.runId, run);
    this.heldBytes += sizeOf(run);
    this.shrink();
  }

  /** The endpoint lacks what `tail` left out. Others of the same time were refused for the same reason: they count once. */
  refused({ runId }: DeliverItem, { omitted, digest }: Tail): void {
    const run = this.runs.get(runId);
    if (run === undefined || digestOf(run, omitted) !== digest) return;
    this.heldBytes -= sizeOf(run);
    Object.assign(run, { digests: [], base: 0 });
    this.heldBytes += sizeOf(run);
    run.refusals += 1;
    run.wholeNext = Math.min(2 ** run.refusals - 2, LONGEST_WHOLE);
  }

  forget(runId: string): void {
    const run = this.runs.get(runId);
    if (run === undefined) return;
    this.heldBytes -= sizeOf(run);
    this.runs.delete(runId);
  }

  private shrink(): void {
    for (const runId of this.runs.keys()) {
      if (this.heldBytes <= this.limits.maxBytes) return;
      this.forget(runId);
    }
  }
}

const digestOf = (run: KeptRun, count: number): string | undefined => run.digests[count - 1 - run.base];

/** From the first digest on that is another one, everything known is of another log. */
function append(run: KeptRun, tail: Tail | undefined, entries: readonly Uint8Array[]): void {
  let { omitted: at, digest } = tail ?? { omitted: 0, digest: '' };
  for (const entry of entries) {
    digest = digestAfter(digest, entry);
    const place = at - run.base;
    if (place >= 0 && run.digests[place] !== digest) run.digests.splice(place, Infinity, digest);
    at += 1;
  }
}

/** The index of the delivery's own entry, if it is one that has the history as its body. */
function lastEntry({ segments }: DeliverItem): number | undefined {
  for (const segment of segments) if ('entries' in segment && segment.entries.from === 0) return segment.entries.to;
  return undefined;
}

const createdAt = ({ headers }: DeliverItem): string | undefined => headers.find(([name]) => name === CREATED_AT)?.[1];

const isOf = (run: KeptRun, item: DeliverItem): boolean => run.url === item.url && run.createdAt === createdAt(item);

const newRun = (item: DeliverItem): KeptRun => ({
  url: item.url,
  createdAt: createdAt(item),
  digests: [],
  base: 0,
  refusals: 0,
  wholeNext: 0,
});

const sizeOf = ({ digests }: KeptRun): number => RUN_BYTES + digests.length * DIGEST_BYTES;
