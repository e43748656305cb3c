import type { Clock } from '@stepwell/core';
import { documentSizeBytes } from './document-size';
import type { CommitLane, GroupCommit, LossReason } from './group-commit';
import { CLAIM_STREAM, type LogDocument, type LogDriver } from './log-driver';
import { entryId } from './log-position';
import type { TenureStart } from './partition.tenure';
import { chainSum } from './stream-checksum';

/**
 * Of the events this program writes. Raised when an older program couldn't fold them any more.
 *
 * 1: runs of steps, sleeps and calls. 2: waits and mailboxes, invokes, what is done with dead letters.
 */
export const EVENT_SCHEMA_VERSION = 2;

/**
 * The partition was written by a newer version of this program: this one could not read all of it, so it leaves it alone (L2).
 * Remedy: upgrade this process, or take it out.
 */
export class NewerSchema extends Error {
  readonly code = 'NEWER_SCHEMA';
  constructor(
    readonly partition: number,
    readonly found: number,
    readonly known: number,
  ) {
    super(`partition ${partition} holds events of schema ${found}, this program knows ${known}: upgrade this process`);
    this.name = 'NewerSchema';
  }
}

export interface Claimant {
  readonly driver: LogDriver;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  /** Version of the events this program writes and the newest it can read. */
  readonly schemaVersion: number;
}

/**
 * One try to take a partition over: `term + 1` at tail + 1 (L2). Undefined = somebody else was quicker, or a dead writer's last
 * insert arrived in between: look again.
 *
 * @throws NewerSchema; whatever the reads throw; PartitionLost when the outcome is unknown.
 */
export async function tryClaim(claimant: Claimant, partition: number): Promise<TenureStart | undefined> {
  const { driver, commits, clock, schemaVersion } = claimant;
  // The tail before the claim: should a claim land in between, ours meets it at its position and fails.
  const tail = await driver.lastEntry(partition);
  const checkpoint = await driver.readCheckpoint(partition);
  const lastClaim = await driver.lastClaim(partition);
  const found = schemaOfClaim(lastClaim);
  if (found > schemaVersion) throw new NewerSchema(partition, found, schemaVersion);

  const n = Math.max(tail?.n ?? 0, checkpoint?.n ?? 0) + 1;
  const term = Math.max(tail?.term ?? 0, checkpoint?.term ?? 0, lastClaim?.term ?? 0) + 1;
  const at = Math.max(clock.nowMs(), tail?.at ?? 0);
  const events = [{ type: 'PartitionClaimed', data: JSON.stringify({ schemaVersion }), bodies: [] }];
  const entry = { stream: CLAIM_STREAM, version: term, at, events };
  const sum = chainSum(lastClaim?.sum ?? '', entry);
  const document = { _id: entryId(partition, n), p: partition, term, sum, ...entry };
  const lane = new ClaimLane(partition, commits);
  try {
    await commits.enqueue(lane, document, documentSizeBytes(document));
  } catch (error) {
    if (lane.endedBy === 'fenced') return undefined;
    throw error;
  }
  return { partition, term, claimedAt: n, at };
}

/** Version of the events in a claim's partition; 0 before there was one. */
export const schemaOfClaim = (claim: LogDocument | undefined): number => claimedSchema(claim?.events[0]?.data);

function claimedSchema(data: string | undefined): number {
  const claim: unknown = JSON.parse(data ?? '{}');
  if (typeof claim !== 'object' || claim === null || !('schemaVersion' in claim)) return 0;
  return typeof claim.schemaVersion === 'number' ? claim.schemaVersion : 0;
}

class ClaimLane implements CommitLane {
  endedBy: LossReason | undefined;

  constructor(
    readonly partition: number,
    private readonly commits: GroupCommit,
  ) {}

  end(reason: LossReason): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = reason;
    this.commits.drop(this, reason);
  }
}
