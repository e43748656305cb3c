import type { Logger } from 'pino';
import type { Kind, StreamKey } from '../aggregates';
import { keyOfStream } from '../aggregates';
import type { Relay } from '../relay/relay';
import type { RowWriter } from '../relay/row.writer';
import type { RunStateStore } from '../store';
import type { PartitionHost } from './partition.host';
import { inParallel, Places } from './places';
import { UnreadableStream } from './stream';
import { streamPortions } from './stream.portions';

/** How many streams one process folds at once, over all partitions: what is asked meanwhile needs the store too. */
const STREAMS_AT_ONCE = 32;

/** Streams that recovery looks at by their names, and the positions for which it does. */
type Suspects = Map<string, { readonly key: StreamKey<Kind>; readonly positions: number[] }>;

/**
 * What a new tenure does before its checkpoint may move (E2, L9): fold each hole's stream, and each stream after the checkpoint, to its
 * end and send what its state still owes; rebuild the partition's rows when they are gone.
 *
 * A stream that can't be folded keeps its positions open and is left alone: it must not stop the others.
 */
export class Recovery {
  /** Shared by all partitions' recoveries. */
  private readonly places = new Places(STREAMS_AT_ONCE);

  constructor(
    private readonly store: Pick<RunStateStore, 'log' | 'rows'>,
    private readonly relay: Pick<Relay, 'send'>,
    private readonly rowWriter: Pick<RowWriter, 'write' | 'flush'>,
    private readonly logger: Pick<Logger, 'info' | 'error'>,
    /** While the broker is away its queue isn't waited for: rows and reads don't need it. */
    private readonly brokerIsThere: () => boolean,
  ) {}

  /** @throws Silence when the tenure ends; whatever the store throws. May be run again. */
  async run(host: PartitionHost): Promise<void> {
    const { partition } = host.tenure;
    const suspects = await this.suspects(host);
    let sent = 0;
    const keys = [...suspects.values()].map(({ key }) => key);
    const unreadable = await this.eachOf(keys, host, async (key) => {
      const { stream, owed } = await host.owedOf(key);
      for (const { effectId, n } of owed) host.settlement.note(effectId, n);
      const effectIds = owed.map(({ effectId }) => effectId);
      const sending = this.relay.send(host, stream, effectIds);
      if (this.brokerIsThere()) await sending;
      sent += owed.length;
    });
    for (const { name } of unreadable) {
      for (const n of suspects.get(name)?.positions ?? []) host.settlement.keepOpen(n);
    }
    host.settlement.recoveryIsThrough();
    if (sent > 0) this.logger.info({ partition, streams: suspects.size, effects: sent }, 'recovered what was owed');
    await this.rebuildRows(host);
  }

  private async suspects({ tenure }: PartitionHost): Promise<Suspects> {
    const { log } = this.store;
    const suspects: Suspects = new Map();
    const suspect = (name: string, n: number): void => {
      const known = suspects.get(name);
      const key = known?.key ?? keyOfStream(name);
      if (known) known.positions.push(n);
      else if (key) suspects.set(name, { key, positions: [n] });
    };
    const { n: settledUpTo, holes } = await log.readCheckpoint(tenure.partition);
    for (const { n, stream } of await log.streamsAt(tenure.partition, holes)) suspect(stream, n);
    for await (const { n, stream } of log.positionsAfter(tenure.partition, settledUpTo)) {
      if (n > tenure.claimedAt) break;
      suspect(stream, n);
    }
    return suspects;
  }

  private async rebuildRows(host: PartitionHost): Promise<void> {
    const { rows, log } = this.store;
    const { tenure } = host;
    if ((await rows.completeUpTo(tenure.partition)) !== undefined) return;
    let runs = 0;
    for await (const portion of streamPortions(log, tenure.partition, tenure.claimedAt)) {
      const keys = portion.filter(({ aggregate }) => aggregate.rowOf !== undefined);
      await this.eachOf(keys, host, async (key) => {
        const { stream } = await host.owedOf(key);
        if (stream.row) this.rowWriter.write(stream.row, () => undefined);
      });
      await this.rowWriter.flush();
      runs += keys.length;
    }
    if (tenure.lost.aborted) return;
    await rows.markComplete(tenure.partition, tenure.claimedAt);
    if (runs > 0) this.logger.info({ partition: tenure.partition, runs }, 'rebuilt the rows');
  }

  /** Returns those that can't be folded. */
  private async eachOf(
    keys: readonly StreamKey<Kind>[],
    { tenure }: PartitionHost,
    work: (key: StreamKey<Kind>) => Promise<void>,
  ): Promise<StreamKey<Kind>[]> {
    const unreadable: StreamKey<Kind>[] = [];
    await inParallel(keys, STREAMS_AT_ONCE, async (key) => {
      if (tenure.lost.aborted) return;
      try {
        await this.places.with(() => work(key));
      } catch (error) {
        if (!(error instanceof UnreadableStream)) throw error;
        this.logger.error({ err: error, partition: tenure.partition, stream: key.name }, 'left a stream aside');
        unreadable.push(key);
      }
    });
    return unreadable;
  }
}
