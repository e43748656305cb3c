import type { LogEntry, RunState } from '@stepwell/core';
import type { PartitionHost } from '../partition/partition.host';
import { RunStream } from '../partition/run-stream';
import { runStream } from '@stepwell/core';

/** A run folded anew from its committed entries, with the entries at hand: nothing but the log is asked. */
export interface RunHistory {
  readonly state: RunState;
  readonly entries: ReadonlyMap<number, LogEntry>;
}

export async function readHistory(host: PartitionHost, runId: string): Promise<RunHistory | undefined> {
  const stream = new RunStream(runStream(runId));
  const entries = new Map<number, LogEntry>();
  for await (const entry of host.entriesOf(runId)) {
    stream.fold(entry);
    entries.set(entry.version, entry);
  }
  return stream.state ? { state: stream.state, entries } : undefined;
}
