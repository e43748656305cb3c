import { resolveMongod, resolveNatsServer, startNatsServer } from '@stepwell/platform';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BrittleServer } from './brittle.server';
import { Mongods } from './mongods';
import { SmallDisk } from './small-disk';

const NATS_DISK_MB = 512;
/** The product's streams reserve more than the small disk has; that it is full is to be seen when it is. */
const NATS_MAY_RESERVE_BYTES = 2 ** 46;

/** The mongods and the nats-server of the chaos's own. The services see them through proxies, whoever judges sees them directly. */
export class Servers {
  private constructor(
    private readonly folder: string,
    readonly passwords: { readonly stepwell: string; readonly reader: string },
    readonly mongods: Mongods,
    readonly nats: BrittleServer,
  ) {}

  static async start(folder: string, replicas: 1 | 3): Promise<Servers> {
    const [mongod, natsServer] = await Promise.all([resolveMongod(), resolveNatsServer()]);
    if (mongod.kind !== 'binary' || natsServer.kind !== 'binary')
      throw new Error('chaos needs servers that it may kill');
    const passwords = { stepwell: randomBytes(16).toString('hex'), reader: randomBytes(16).toString('hex') };
    const dataDir = join(folder, 'nats');
    const disk = await SmallDisk.mount(dataDir, NATS_DISK_MB);
    const nats = await BrittleServer.start(
      (port) =>
        startNatsServer({
          binary: natsServer.path,
          dataDir,
          passwords,
          port,
          ...(disk === undefined ? {} : { maxStoreBytes: NATS_MAY_RESERVE_BYTES }),
        }),
      disk,
    );
    return new Servers(folder, passwords, await Mongods.start(folder, mongod.path, replicas), nats);
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${this.nats.proxy.port}`;
  }

  /** With the credentials of somebody who may read completions only. */
  get directNatsUrl(): string {
    return `nats://reader:${this.passwords.reader}@127.0.0.1:${this.nats.port}`;
  }

  /** Whether their disks can be filled. */
  get haveDisks(): boolean {
    return [this.nats, ...this.mongods.members].every(({ disk }) => disk !== undefined);
  }

  /** While it doesn't run. */
  forgetNats(): Promise<void> {
    return rm(this.natsStore, { recursive: true, force: true });
  }

  /** While it doesn't run: to what it was when this was called for the first time, and every other time. */
  async setNatsBack(): Promise<void> {
    const older = join(this.folder, 'older-jetstream');
    if (existsSync(older)) {
      await this.forgetNats();
      await cp(older, this.natsStore, { recursive: true });
      await rm(older, { recursive: true });
    } else await cp(this.natsStore, older, { recursive: true });
  }

  async stop(): Promise<void> {
    await Promise.all([this.mongods.end(this.folder), this.nats.end(join(this.folder, 'nats-logs'))]);
  }

  private get natsStore(): string {
    return join(this.folder, 'nats', 'jetstream');
  }
}
