import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { useMongod } from '@stepwell/testing';
import type { mongo } from 'mongoose';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import { connectOnce } from '../mongo/connect-once';
import type { MongoConnection } from '../mongo/mongo.connection';
import { connectMongoStore } from '../mongo/mongo.store';
import { type Store, UnfinishedStore } from '../store';
import { event, PATIENCE, StreamHeads } from '../testing/log-fixture';
import { sha256Of } from '../testing/read-models.contract';
import { REAL_CLOCK } from '../testing/test-clocks';
import { type BackupManifest, UnusableBackup, verifyBackup } from './backup.manifest';
import { backUpMongoStore } from './mongo.backup';
import { DatabaseNotEmpty, MongoRestore } from './mongo.restore';

const TRUTH = ['log', 'blobs', 'checkpoints'];
/** Ends a line for many readers of text, and is a letter like any other for JSON. */
const LINE_SEPARATOR = '\u2028';

describe('a backup', () => {
  const mongod = useMongod(ensureReplicaSetOfOne);
  const folders: string[] = [];
  let store: Store;
  let bare: MongoConnection;
  let otherName: string;

  const place = (dbName = mongod.databaseName) => ({ uri: mongod.uri, dbName, clock: REAL_CLOCK });
  const other = (): string => otherName;
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'stepwell-backup-'));
    folders.push(made);
    return made;
  };
  const restored = async (from: string, dbName = other(), epoch = 7): Promise<void> => {
    const manifest = await verifyBackup(from);
    const restore = await MongoRestore.open(place(dbName));
    await restore.begin(manifest, epoch);
    await restore.write(from, manifest);
    await restore.finish();
    await restore.close();
  };
  const contents = async (dbName: string): Promise<Record<string, string[]>> => {
    const found: Record<string, string[]> = {};
    for (const name of TRUTH) {
      const documents = await bare.mongoose
        .useDb(dbName)
        .collection(name)
        .find({}, { sort: { _id: 1 }, raw: true })
        .toArray();
      found[name] = documents.map((document) => Buffer.from(document as unknown as Uint8Array).toString('base64'));
    }
    return found;
  };

  beforeEach(async () => {
    otherName = `${mongod.databaseName}_restored`;
    store = connectMongoStore(place());
    await store.prepare();
    bare = await connectOnce(place());
  });
  afterEach(async () => {
    await store.close();
    await bare.mongoose.useDb(other()).dropDatabase();
    await bare.close();
    for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  const fill = async (): Promise<void> => {
    const heads = new StreamHeads();
    for (const partition of [0, 1, 63]) {
      const tenure = await store.log.claim(partition, PATIENCE);
      for (let k = 0; k < 20; k += 1) {
        const data = JSON.stringify({ k, text: `ä${LINE_SEPARATOR}\n"$numberInt"`, big: 2 ** 40 });
        await heads.append(tenure, `run-${partition}-${k % 3}`, event(data, Buffer.alloc(5_000, k), Buffer.alloc(0)))
          .committed;
      }
      await store.log.writeCheckpoint(tenure, { n: 9, holes: [3, 5] });
    }
    const blob = Buffer.alloc(5 * 1024 * 1024, 'b');
    await store.blobs.put('run-1-1', sha256Of(blob), blob);
  };
  const damaged = (whole: string, damage: (copy: string) => void): string => {
    const copy = folder();
    cpSync(whole, copy, { recursive: true });
    damage(copy);
    return copy;
  };
  /** As if its maker had meant it. */
  const rewritten = (whole: string, change: (manifest: BackupManifest) => object): string =>
    damaged(whole, (copy) => {
      const path = join(copy, 'manifest.json');
      const { sha256: _sum, ...manifest } = JSON.parse(readFileSync(path, 'utf8')) as BackupManifest & {
        sha256: string;
      };
      const changed = change(manifest);
      writeFileSync(path, JSON.stringify({ ...changed, sha256: sha256Of(Buffer.from(JSON.stringify(changed))) }));
    });

  it('comes back byte for byte, under another epoch, and is written on', async () => {
    await fill();
    const out = join(folder(), 'made');
    const manifest = await backUpMongoStore(place(), out);
    expect(manifest).toMatchObject({ format: 1, epoch: 1, schemaVersion: 1, eventSchema: 2 });
    const tails = manifest.files.flatMap((file) => (file.holds === 'log' && file.tail > 0 ? [file.tail] : []));
    expect(tails).toEqual([21, 21, 21]);
    expect(readdirSync(out)).toHaveLength(64 + 3);
    expect([statSync(out).mode & 0o77, statSync(join(out, 'log-00.ndjson.gz')).mode & 0o77]).toEqual([0, 0]);

    await restored(out);
    expect(await contents(other())).toEqual(await contents(mongod.databaseName));
    const again = connectMongoStore(place(other()));
    await again.prepare();
    expect(again.epoch).toBe(7);
    const tenure = await again.log.claim(1, PATIENCE);
    expect([tenure.term, tenure.claimedAt]).toEqual([2, 22]);
    await again.close();
  });

  it('is of one moment, whatever is written meanwhile: no consequence without its cause', async () => {
    const causes = await store.log.claim(0, PATIENCE);
    const consequences = await store.log.claim(63, PATIENCE);
    const heads = new StreamHeads();
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) {
        await heads.append(causes, 'run-cause').committed;
        await heads.append(consequences, 'run-consequence').committed;
      }
    })();
    const lags: number[] = [];
    try {
      for (let k = 0; k < 5; k += 1) {
        const manifest = await backUpMongoStore(place(), folder());
        const [first = 0, ...rest] = manifest.files.flatMap((file) => (file.holds === 'log' ? [file.tail] : []));
        lags.push(first - (rest.at(-1) ?? 0));
      }
    } finally {
      over.abort();
      await writing;
    }
    expect(lags.filter((lag) => lag !== 0 && lag !== 1)).toEqual([]);
  });

  it('is refused when anything of it is damaged, missing, or not for this version; nothing is written then', async () => {
    await fill();
    const whole = folder();
    await backUpMongoStore(place(), whole);
    const log = 'log-01.ndjson.gz';
    const cut = (copy: string): void => {
      const lines = gunzipSync(readFileSync(join(copy, log)))
        .toString()
        .split('\n');
      lines.splice(4, 1);
      writeFileSync(join(copy, log), gzipSync(lines.join('\n')));
    };
    const gap = damaged(whole, cut);
    const sum = sha256Of(readFileSync(join(gap, log)));
    const meantGap = rewritten(gap, ({ files, ...rest }) => ({
      ...rest,
      files: files.map((file) => (file.name === log ? { ...file, sha256: sum } : file)),
    }));
    const cases: [string, RegExp][] = [
      [damaged(whole, (copy) => appendFileSync(join(copy, log), 'x')), /log-01.* is damaged/],
      [damaged(whole, (copy) => rmSync(join(copy, 'blobs.ndjson.gz'))), /blobs.* can not be read/],
      [gap, /log-01.* is damaged/],
      [meantGap, /lacks position 5 of partition 1/],
      [rewritten(whole, ({ files, ...rest }) => ({ ...rest, files: files.slice(1) })), /63 partitions/],
      [rewritten(whole, (manifest) => ({ ...manifest, schemaVersion: 2 })), /layout 2, this program knows 1/],
      [rewritten(whole, (manifest) => ({ ...manifest, eventSchema: 99 })), /schema 99/],
      [rewritten(whole, (manifest) => ({ ...manifest, format: 9 })), /format 9/],
      [damaged(whole, (copy) => appendFileSync(join(copy, 'manifest.json'), '}')), /manifest.json is damaged/],
      [
        damaged(whole, (copy) => {
          const path = join(copy, 'manifest.json');
          writeFileSync(path, readFileSync(path, 'utf8').replace('"epoch": 1', '"epoch": 0'));
        }),
        /manifest.json is damaged/,
      ],
      // What an interrupted backup leaves.
      [damaged(whole, (copy) => rmSync(join(copy, 'manifest.json'))), /no whole backup/],
    ];
    for (const [copy, says] of cases) {
      const refusal = await verifyBackup(copy).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(UnusableBackup);
      expect((refusal as Error).message).toMatch(says);
    }
    expect((await verifyBackup(whole)).epoch).toBe(1);
  });

  it('is restored into nothing but an empty database', async () => {
    await fill();
    const out = folder();
    await backUpMongoStore(place(), out);
    await expect(backUpMongoStore(place(), out)).rejects.toThrow('is not empty');
    await expect(MongoRestore.open(place())).rejects.toThrow(DatabaseNotEmpty);
    await bare.mongoose.useDb(other()).collection('anything').insertOne({ text: 'mine' });
    await expect(MongoRestore.open(place(other()))).rejects.toThrow(/anything has documents/);
    await expect(backUpMongoStore(place(`${mongod.databaseName}_none`), folder())).rejects.toThrow(
      'nothing to back up',
    );
  });

  it('half restored is refused by services, by backups and by another restore', async () => {
    await fill();
    const out = folder();
    const manifest = await backUpMongoStore(place(), out);
    const restore = await MongoRestore.open(place(other()));
    const twin = await MongoRestore.open(place(other()));
    await restore.begin(manifest, 2);
    await expect(twin.begin(manifest, 2)).rejects.toThrow('duplicate key');
    await restore.close();
    await twin.close();
    const service = connectMongoStore(place(other()));
    await expect(service.prepare()).rejects.toThrow(UnfinishedStore);
    await service.close();
    await expect(backUpMongoStore(place(other()), folder())).rejects.toThrow(UnfinishedStore);
    await expect(MongoRestore.open(place(other()))).rejects.toThrow(DatabaseNotEmpty);
  });

  it('fails when the log lacks a position, and leaves nothing that could be taken for a backup', async () => {
    await fill();
    await bare.mongoose.collection('log').deleteOne({ _id: 5 as unknown as mongo.ObjectId });
    const out = folder();
    await expect(backUpMongoStore(place(), out)).rejects.toThrow('position 5 of partition 0 is missing');
    await expect(verifyBackup(out)).rejects.toThrow(UnusableBackup);
  });
});
