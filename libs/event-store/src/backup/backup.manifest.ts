import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTITIONS } from '@stepwell/core';
import { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
import { positionOf } from '../log/log-position';
import { STORE_SCHEMA_VERSION } from '../store';
import { fileSum, readDocuments, type WrittenFile } from './document.file';

/*
 * A backup is a folder: files of documents, and a manifest that is written last. Without a whole manifest it is none.
 */

/** Of the files' layout. */
export const BACKUP_FORMAT = 1;
const MANIFEST = 'manifest.json';

export type BackupFile = WrittenFile & { readonly name: string } & (
    | { readonly holds: 'blobs' | 'checkpoints' }
    /** Entries of one partition, its positions from 1 to `tail` without a gap. */
    | { readonly holds: 'log'; readonly partition: number; readonly tail: number }
  );

export interface BackupManifest {
  readonly format: number;
  /** ISO 8601: the one moment that everything in it is of. */
  readonly createdAt: string;
  /** Layout of the collections. */
  readonly schemaVersion: number;
  /** Newest schema of the events. */
  readonly eventSchema: number;
  readonly epoch: number;
  /** ISO 8601. */
  readonly storeCreatedAt: string;
  readonly files: readonly BackupFile[];
}

/** Not to be restored from: damaged, incomplete, or of a newer version. Nothing was written. */
export class UnusableBackup extends Error {
  readonly code = 'UNUSABLE_BACKUP';
  constructor(problem: string, cause?: unknown) {
    super(problem, { cause });
    this.name = 'UnusableBackup';
  }
}

/** Makes the folder a backup. Durable when it resolves. */
export async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const file = await open(join(folder, MANIFEST), 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ ...manifest, sha256: sumOf(manifest) }, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @throws UnusableBackup */
async function readManifest(folder: string): Promise<BackupManifest> {
  const { sha256, ...manifest } = await parsed(join(folder, MANIFEST));
  if (manifest.format > BACKUP_FORMAT) throw newer('the backup has format', manifest.format, BACKUP_FORMAT);
  if (sha256 !== sumOf(manifest)) throw new UnusableBackup(`${MANIFEST} is damaged: its checksum is another`);
  const { schemaVersion, eventSchema } = manifest;
  if (schemaVersion > STORE_SCHEMA_VERSION)
    throw newer('the backup is of a store with layout', schemaVersion, STORE_SCHEMA_VERSION);
  if (eventSchema > EVENT_SCHEMA_VERSION)
    throw newer('the backup holds events of schema', eventSchema, EVENT_SCHEMA_VERSION);
  return manifest;
}

/** Reads all of it: every file's checksum, every document, and that no position of any partition is missing. @throws UnusableBackup */
export async function verifyBackup(folder: string): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  const { files } = manifest;
  const partitions = files.flatMap((file) => (file.holds === 'log' ? [file.partition] : []));
  if (partitions.length !== PARTITIONS || new Set(partitions).size !== PARTITIONS)
    throw new UnusableBackup(`the log of ${new Set(partitions).size} partitions is there, not of ${PARTITIONS}`);
  // All sums before all contents: what is damaged is told at once.
  for (const file of files) await verifySum(folder, file);
  for (const file of files) await verifyContents(folder, file);
  return manifest;
}

async function parsed(path: string): Promise<BackupManifest & { readonly sha256?: string }> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as BackupManifest & { readonly sha256?: string };
  } catch (error) {
    if (error instanceof SyntaxError) throw new UnusableBackup(`${MANIFEST} is damaged`, error);
    throw new UnusableBackup(`there is no whole backup: ${path} can not be read`, error);
  }
}

async function verifySum(folder: string, { name, sha256 }: BackupFile): Promise<void> {
  let found: string;
  try {
    found = await fileSum(join(folder, name));
  } catch (error) {
    throw new UnusableBackup(`${name} can not be read`, error);
  }
  if (found !== sha256) throw new UnusableBackup(`${name} is damaged: its checksum is another`);
}

async function verifyContents(folder: string, file: BackupFile): Promise<void> {
  const { name } = file;
  let documents = 0;
  try {
    for await (const portion of readDocuments(join(folder, name))) {
      for (const { _id } of portion) {
        documents += 1;
        if (file.holds === 'log' && positionOf(file.partition, Number(_id)) !== documents)
          throw new UnusableBackup(`${name} lacks position ${documents} of partition ${file.partition}`);
      }
    }
  } catch (error) {
    throw error instanceof UnusableBackup ? error : new UnusableBackup(`${name} can not be read`, error);
  }
  const expected = file.holds === 'log' ? file.tail : file.documents;
  if (documents !== expected) throw new UnusableBackup(`${name} has ${documents} documents, not ${expected}`);
}

const sumOf = (manifest: BackupManifest): string => createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

const newer = (what: string, found: number, known: number): UnusableBackup =>
  new UnusableBackup(`${what} ${found}, this program knows ${known}: use the version that made it, or a newer one`);
