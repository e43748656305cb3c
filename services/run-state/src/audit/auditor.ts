import type { Membership, RunFilter, RunRow, RunRows } from '@stepwell/core';
import type { Logger } from 'pino';
import type { PartitionHost } from '../partition/partition.host';
import type { PartitionRegistry } from '../partition/partition.registry';
import type { RunAudit } from './run.audit';

/*
 * The auditor (architecture.md E4): walks all live runs of the partitions held here, slowly and for ever, and has each looked into.
 *
 * 1. Nothing depends on it: whatever it finds stuck was lost by a fault, of ours or of a server's. It is there because a run that stops
 *    silently is the worst an engine can do.
 * 2. A bounded number of runs a second, one after the other; a walk that fails is over, and the next one begins as if nothing were.
 * 3. It finds the runs by their rows. A row that is missing is doctor's to find; one that tells another reason than its run is mended.
 */
export interface AuditPace {
  /** Between two walks; 0 = there is none. */
  readonly everyMs: number;
  readonly runsPerSecond: number;
}

export interface AuditorDependencies {
  readonly rows: Pick<RunRows, 'list'>;
  readonly registry: Pick<PartitionRegistry, 'hosts'>;
  readonly membership: Pick<Membership, 'leaseIsValid'>;
  readonly audit: Pick<RunAudit, 'audit'>;
  readonly logger: Pick<Logger, 'debug' | 'warn'>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onAudited: () => void;
  readonly pace: AuditPace;
}

const PAGE = 500;
/** Live runs, and failed ones whose failure callback is still to be made. */
const WALKED: readonly RunFilter[] = [{ status: 'running' }, { waitingFor: 'failure-callback' }];

export class Auditor {
  private readonly stopping = new AbortController();
  private walking: Promise<void> = Promise.resolve();

  constructor(private readonly dependencies: AuditorDependencies) {}

  start(): void {
    if (this.dependencies.pace.everyMs > 0) this.walking = this.walkForEver();
  }

  /** Resolves when the run that is looked into is done with. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.walking;
  }

  /** All live runs, once. */
  async walk(): Promise<void> {
    const { signal } = this.stopping;
    for (const filter of WALKED) {
      let cursor: string | undefined;
      do {
        const page = await this.dependencies.rows.list(filter, {
          count: PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        });
        await this.walkPage(page.rows);
        cursor = page.cursor;
      } while (cursor !== undefined && !signal.aborted);
    }
  }

  private async walkForEver(): Promise<void> {
    const { pace, pause, logger } = this.dependencies;
    const { signal } = this.stopping;
    for (;;) {
      await pause(pace.everyMs, signal);
      if (signal.aborted) return;
      try {
        await this.walk();
      } catch (error) {
        logger.debug({ err: error }, 'the auditor could not go on, and begins anew');
      }
    }
  }

  private async walkPage(rows: readonly RunRow[]): Promise<void> {
    const { pace, pause, membership } = this.dependencies;
    const { signal } = this.stopping;
    for (const row of rows) {
      if (signal.aborted) return;
      const host = this.hostOf(row);
      if (!host || !membership.leaseIsValid()) continue;
      await this.look(host, row);
      await pause(1_000 / pace.runsPerSecond, signal);
    }
  }

  private hostOf({ partition }: RunRow): PartitionHost | undefined {
    return this.dependencies.registry.hosts().find(({ tenure }) => tenure.partition === partition);
  }

  private async look(host: PartitionHost, row: RunRow): Promise<void> {
    const { audit, logger, onAudited } = this.dependencies;
    try {
      await audit.audit(host, row.runId, row);
      onAudited();
    } catch (error) {
      // Lost meanwhile, or somebody it waits for is away: there will be another walk.
      logger.debug({ err: error, runId: row.runId }, 'a run could not be audited');
    }
  }
}
