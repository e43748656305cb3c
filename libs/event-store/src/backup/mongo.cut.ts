import { PARTITIONS } from '@stepwell/core';
import type { Connection } from 'mongoose';
import type { LogDocument } from '../log/log-driver';
import { CLAIM_STREAM } from '../log/log-driver';
import { endOfPartition, entryId, positionOf } from '../log/log-position';
import { schemaOfClaim } from '../log/partition.claim';
import type { StoreMetadata } from '../mongo/mongo.metadata';
import { nativeCollection } from '../mongo/mongo.schemas';
import type { StoredDocument } from './document.file';

/** A store at one moment, as far as it has to be read at that moment. */
export interface Cut {
  /** Undefined = no service was ever started on it. */
  readonly metadata: StoreMetadata | undefined;
  /** Position of each partition's last entry; 0 = there is none. */
  readonly tails: readonly number[];
  /** Newest schema of the events. */
  readonly eventSchema: number;
  readonly checkpoints: readonly StoredDocument[];
}

/** BSON's own types, as they are stored. */
export const AS_STORED = { promoteValues: false } as const;

/**
 * Where the log ends, in all partitions at one time of the cluster (a snapshot session: of everything it reads, all that was committed by
 * a majority at that moment). What a stream told another is in the cut only together with what made it tell. Entries never change, so
 * the moment is over after these few reads: whatever lies up to the tails can be read at leisure, whatever happens meanwhile.
 */
export async function cutOf(connection: Connection): Promise<Cut> {
  const session = connection.getClient().startSession({ snapshot: true });
  try {
    const metadata = await nativeCollection<StoreMetadata>(connection, 'metadata').findOne(
      { _id: 'store' },
      { session },
    );
    const checkpoints = await nativeCollection<{ _id: number }>(connection, 'checkpoints')
      .find({}, { sort: { _id: 1 }, session, ...AS_STORED })
      .toArray();
    const log = nativeCollection<LogDocument>(connection, 'log');
    const tails: number[] = [];
    let eventSchema = 0;
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const range = { $gte: entryId(partition, 0), $lt: endOfPartition(partition) };
      const last = await log.findOne({ _id: range }, { sort: { _id: -1 }, projection: { _id: 1 }, session });
      const claim = await log.findOne({ p: partition, stream: CLAIM_STREAM }, { sort: { version: -1 }, session });
      tails.push(last === null ? 0 : positionOf(partition, last._id));
      eventSchema = Math.max(eventSchema, schemaOfClaim(claim ?? undefined));
    }
    return { metadata: metadata ?? undefined, tails, eventSchema, checkpoints };
  } finally {
    await session.endSession();
  }
}
