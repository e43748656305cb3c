import type { RunRows, Tenure } from '@stepwell/core';
import type { Logger } from 'pino';
import type { Relay } from '../relay/relay';
import type { RowWriter } from '../relay/row.writer';
import type { PartitionHost } from './partition.host';
import type { RunStateStore } from '../store';

/** How many streams are folded at once. */
const STREAMS_AT_ONCE = 16;
const RUN_STREAM = /^run-/;

/**
 * What a new tenure does before its checkpoint may move (E2, L9): fold each hole's stream, and each stream after the checkpoint, to its
 * end and send what its state still owes; rebuild the partition's rows when they are gone.
 */
export class Recovery {
  constructor(
    private readonly store: RunStateStore,
    private readonly relay: Relay,
    private readonly rowWriter: RowWriter,
    private readonly logger: Logger,
  ) {}

  async run(host: PartitionHost): Promise<void> {
    const { tenure } = host;
    const names = await this.streamsToLookAt(tenure);
    let sent = 0;
    await inParallel(names, STREAMS_AT_ONCE, async (name) => {
      if (tenure.lost.aborted) return;
      const { stream, owed } = await host.owedOf(name);
      for (const { effectId, n } of owed) host.settlement.note(effectId, n);
      this.relay.send(
        host,
        stream,
        owed.map(({ effectId }) => effectId),
      );
      sent += owed.length;
    });
    if (sent > 0)
      this.logger.info(
        { partition: tenure.partition, streams: names.length, effects: sent },
        'recovered what was owed',
      );
    await this.rebuildRows(host);
  }

  private async streamsToLookAt(tenure: Tenure): Promise<string[]> {
    const { log } = this.store;
    const { n, holes } = await log.readCheckpoint(tenure.partition);
    const names = new Set<string>();
    for (const { stream } of await log.streamsAt(tenure.partition, holes)) names.add(stream);
    for await (const { n: position, stream } of log.positionsAfter(tenure.partition, n)) {
      if (position > tenure.claimedAt) break;
      names.add(stream);
    }
    return [...names].filter((name) => RUN_STREAM.test(name));
  }

  private async rebuildRows(host: PartitionHost): Promise<void> {
    const rows: RunRows = this.store.rows;
    const { tenure } = host;
    if ((await rows.completeUpTo(tenure.partition)) !== undefined) return;
    const names = new Set<string>();
    for await (const { n, stream } of this.store.log.positionsAfter(tenure.partition, 0)) {
      if (n > tenure.claimedAt) break;
      if (RUN_STREAM.test(stream)) names.add(stream);
    }
    await inParallel([...names], STREAMS_AT_ONCE, async (name) => {
      if (tenure.lost.aborted) return;
      const stream = await host.stream(name);
      await stream.lastCommit;
      if (stream.state) this.rowWriter.write(stream.state, tenure.partition, () => undefined);
    });
    await this.rowWriter.flush();
    if (names.size > 0) this.logger.info({ partition: tenure.partition, runs: names.size }, 'rebuilt the rows');
    if (!tenure.lost.aborted) await rows.markComplete(tenure.partition, tenure.claimedAt);
  }
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
