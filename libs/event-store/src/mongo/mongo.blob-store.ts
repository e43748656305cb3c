import type { BlobStore, Clock } from '@stepwell/core';
import type { Connection } from 'mongoose';
import { verifiedBlob } from '../blob-digest';
import { isDuplicateKey, JOURNALED, MAJORITY } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

const PART_BYTES = 4 * 1024 * 1024;

interface BlobPart {
  readonly _id: string;
  readonly run: string;
  /** How many there are: a blob whose writer died half-way is none. */
  readonly parts: number;
  readonly bytes: Uint8Array;
  /** For the sweeper of blobs that no event names. */
  readonly storedAt: Date;
}

/** Blobs in parts of 4 MiB (L5). A blob belongs to one run, so that ending a run's life never needs to count references. */
export class MongoBlobStore implements BlobStore {
  private readonly blobs;

  constructor(
    connection: Connection,
    private readonly clock: Clock,
  ) {
    this.blobs = nativeCollection<BlobPart>(connection, 'blobs');
  }

  async put(run: string, sha256: string, bytes: Uint8Array): Promise<void> {
    const parts = Math.max(1, Math.ceil(bytes.byteLength / PART_BYTES));
    const storedAt = new Date(this.clock.nowMs());
    for (let part = 0; part < parts; part += 1) {
      const slice = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(
        part * PART_BYTES,
        (part + 1) * PART_BYTES,
      );
      try {
        await this.blobs.insertOne(
          { _id: partId(run, sha256, part), run, parts, bytes: slice, storedAt },
          { writeConcern: JOURNALED },
        );
      } catch (error) {
        // Twice is the same.
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }

  async get(run: string, sha256: string): Promise<Uint8Array | undefined> {
    const first = await this.part(run, sha256, 0);
    if (first === undefined) return undefined;
    const slices = [first.bytes];
    for (let part = 1; part < first.parts; part += 1) {
      const next = await this.part(run, sha256, part);
      if (next === undefined) return undefined;
      slices.push(next.bytes);
    }
    return verifiedBlob(run, sha256, Buffer.concat(slices));
  }

  private async part(run: string, sha256: string, part: number): Promise<BlobPart | undefined> {
    const found = await this.blobs.findOne(
      { _id: partId(run, sha256, part) },
      { promoteBuffers: true, readConcern: MAJORITY },
    );
    return found ?? undefined;
  }
}

function partId(run: string, sha256: string, part: number): string {
  return `${run}/${sha256}/${part}`;
}
