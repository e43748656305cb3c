import type { BlobStore } from '@stepwell/core';
import { verifiedBlob } from '../blob-digest';
import type { MemoryData } from './memory-data';

export class MemoryBlobStore implements BlobStore {
  constructor(private readonly data: MemoryData) {}

  put(run: string, sha256: string, bytes: Uint8Array): Promise<void> {
    const key = `${run}/${sha256}`;
    if (!this.data.blobs.has(key)) this.data.blobs.set(key, Buffer.from(bytes));
    return Promise.resolve();
  }

  async get(run: string, sha256: string): Promise<Uint8Array | undefined> {
    const bytes = await Promise.resolve(this.data.blobs.get(`${run}/${sha256}`));
    return bytes === undefined ? undefined : verifiedBlob(run, sha256, Buffer.from(bytes));
  }
}
