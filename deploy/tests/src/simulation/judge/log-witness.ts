import { runStream } from '@stepwell/core';
import type { MemoryData } from '@stepwell/event-store';
import type { LogDocument } from '@stepwell/event-store/testing';
import { CLAIM_STREAM, positionOf } from '@stepwell/event-store/testing';
import type { SimulatedProcess } from '../world/simulated-process';
import type { Violations } from './violations';

const MESSAGE_ID = /"messageId":"([^"]+)"/g;
const SUCCEEDS = /"successorOf":\{"runId":"([^"]+)","how":"(resume|restart)"/;
const ENDS = new Set(['RunFinished', 'RunFailed', 'RunCancelled']);

export interface Predecessor {
  readonly runId: string;
  /** Its log is the beginning of the successor's. */
  readonly isResumed: boolean;
}

/**
 * Sees every document land in the database. Knows no event's meaning but its name, the message ids it speaks of and the run it
 * resumes: enough to tell whether what was answered is there.
 */
export class LogWitness {
  private readonly messages = new Set<string>();
  private readonly ended = new Map<string, { readonly type: string; readonly atMs: number }>();
  private readonly begun = new Set<string>();
  private readonly predecessors = new Map<string, Predecessor>();
  private readonly claims = new Map<number, SimulatedProcess>();
  private readonly landings = new Map<string, { readonly sum: string; readonly writer: SimulatedProcess }>();
  documents = 0;

  constructor(private readonly nowMs: () => number) {}

  readonly landed = (document: LogDocument, writer: SimulatedProcess): void => {
    const { p, _id, stream, sum, events } = document;
    this.documents += 1;
    this.landings.set(`${p}/${positionOf(p, _id)}`, { sum, writer });
    if (stream === CLAIM_STREAM) {
      this.claims.set(p, writer);
      return;
    }
    for (const { type, data } of events) {
      if (type === 'RunStarted') this.begins(stream, data);
      if (ENDS.has(type)) this.ended.set(stream, { type, atMs: this.nowMs() });
      for (const [, messageId = ''] of data.matchAll(MESSAGE_ID)) this.messages.add(messageId);
    }
  };

  private begins(stream: string, data: string): void {
    this.begun.add(stream);
    const [, runId, how] = SUCCEEDS.exec(data) ?? [];
    if (runId !== undefined) this.predecessors.set(stream, { runId, isResumed: how === 'resume' });
  }

  hasBegun(runId: string): boolean {
    return this.begun.has(runStream(runId));
  }

  /** The failed run that it takes over from. */
  predecessorOf(runId: string): Predecessor | undefined {
    return this.predecessors.get(runStream(runId));
  }

  knows(messageId: string): boolean {
    return this.messages.has(messageId);
  }

  hasEnded(runId: string): boolean {
    return this.ended.has(runStream(runId));
  }

  endOf(runId: string): string | undefined {
    return this.ended.get(runStream(runId))?.type;
  }

  /** When its end landed; Infinity = not yet. */
  endedMs(runId: string): number {
    return this.ended.get(runStream(runId))?.atMs ?? Infinity;
  }

  /** Whose claim is the newest of the partition. */
  ownerOf(partition: number): SimulatedProcess | undefined {
    return this.claims.get(partition);
  }

  /** L1, L2: at the end, over everything that is in the database. */
  judge(data: MemoryData, violations: Violations): void {
    for (const [partition, entries] of data.entries) {
      const writers = new Map<number, SimulatedProcess>();
      let term = 0;
      for (let n = 1; n <= entries.size; n += 1) {
        const document = entries.get(n);
        if (document === undefined) {
          violations.report('the log is dense', `partition ${partition} lacks ${n} of ${entries.size}`);
          break;
        }
        const landing = this.landings.get(`${partition}/${n}`);
        if (landing?.sum !== document.sum) {
          violations.report('the log does not change', `entry ${n} of partition ${partition} is another one now`);
        }
        if (document.term < term) {
          violations.report('the log is dense', `partition ${partition} goes back to term ${document.term} at ${n}`);
        }
        if (document.term > term !== (document.stream === CLAIM_STREAM)) {
          violations.report(
            'the log is dense',
            `term ${document.term} of partition ${partition} begins without a claim`,
          );
        }
        ({ term } = document);
        const writer = writers.get(term) ?? landing?.writer;
        if (writer) writers.set(term, writer);
        if (landing && writer !== landing.writer) {
          violations.report('the log is dense', `term ${term} of partition ${partition} has two writers`);
        }
      }
    }
  }
}
