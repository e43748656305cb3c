import type { Logger } from 'pino';
import type { Relay } from '../relay/relay';
import type { RowWriter } from '../relay/row.writer';
import type { RunStateStore } from '../store';
import type { PartitionHost } from './partition.host';
import { UnreadableRun } from './run-stream';

/** How many streams one process folds at once, over all partitions: what is asked meanwhile needs the store too. */
const STREAMS_AT_ONCE = 32;
/** Rows are rebuilt in portions of so many runs: a partition may have had millions. */
const ROWS_AT_ONCE = 5_000;
const RUN_STREAM = /^run-/;

/** A stream that recovery looks at, and the positions for which it does. */
type Suspects = Map<string, number[]>;

/**
 * What a new tenure does before its checkpoint may move (E2, L9): fold each hole's stream, and each stream after the checkpoint, to its
 * end and send what its state still owes; rebuild the partition's rows when they are gone.
 *
 * A run that can't be folded keeps its positions open and is left alone: it must not stop the others.
 */
export class Recovery {
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
    const unreadable = await this.eachOf(suspects.keys(), host, async (name) => {
      const { stream, owed } = await host.owedOf(name);
      for (const { effectId, n } of owed) host.settlement.note(effectId, n);
      const effectIds = owed.map(({ effectId }) => effectId);
      const sending = this.relay.send(host, stream, effectIds);
      if (this.brokerIsThere()) await sending;
      sent += owed.length;
    });
    for (const name of unreadable) for (const n of suspects.get(name) ?? []) host.settlement.keepOpen(n);
    if (sent > 0) this.logger.info({ partition, streams: suspects.size, effects: sent }, 'recovered what was owed');
    await this.rebuildRows(host);
  }

  private async suspects({ tenure }: PartitionHost): Promise<Suspects> {
    const { log } = this.store;
    const suspects: Suspects = new Map();
    const suspect = (name: string, n: number): void => {
      if (!RUN_STREAM.test(name)) return;
      const known = suspects.get(name);
      if (known) known.push(n);
      else suspects.set(name, [n]);
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
    let portion = new Set<string>();
    const write = async (): Promise<void> => {
      await this.eachOf(portion, host, async (name) => {
        const { stream } = await host.owedOf(name);
        if (stream.row) this.rowWriter.write(stream.row, () => undefined);
      });
      await this.rowWriter.flush();
      runs += portion.size;
      portion = new Set();
    };
    for await (const { n, stream } of log.positionsAfter(tenure.partition, 0)) {
      if (n > tenure.claimedAt) break;
      if (RUN_STREAM.test(stream)) portion.add(stream);
      if (portion.size >= ROWS_AT_ONCE) await write();
    }
    await write();
    if (tenure.lost.aborted) return;
    await rows.markComplete(tenure.partition, tenure.claimedAt);
    if (runs > 0) this.logger.info({ partition: tenure.partition, runs }, 'rebuilt the rows');
  }

  /** Returns the names of those that can't be folded. */
  private async eachOf(
    names: Iterable<string>,
    { tenure }: PartitionHost,
    work: (name: string) => Promise<void>,
  ): Promise<string[]> {
    const unreadable: string[] = [];
    await inParallel([...names], STREAMS_AT_ONCE, async (name) => {
      if (tenure.lost.aborted) return;
      try {
        await this.places.with(() => work(name));
      } catch (error) {
        if (!(error instanceof UnreadableRun)) throw error;
        this.logger.error({ err: error, partition: tenure.partition, stream: name }, 'left a run aside');
        unreadable.push(name);
      }
    });
    return unreadable;
  }
}

/** A number of places that all partitions' recoveries share. */
class Places {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async with(work: () => Promise<void>): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
