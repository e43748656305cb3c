import type { LogEntry, RunState } from '@stepwell/core';
import { runKey } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import { Stream } from '../partition/stream';

/** A run folded anew from its committed entries, with the entries at hand: nothing but the log is asked. */
export interface RunHistory {
  readonly state: RunState;
  readonly entries: ReadonlyMap<number, LogEntry>;
}

export async function readHistory(host: PartitionHost, runId: string): Promise<RunHistory | undefined> {
  const key = runKey(runId);
  const stream = new Stream(key);
  const entries = new Map<number, LogEntry>();
  for await (const entry of host.entriesOf(key)) {
    stream.fold(entry);
    entries.set(entry.version, entry);
  }
  return stream.state ? { state: stream.state, entries } : undefined;
}
