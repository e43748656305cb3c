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

export interface ServersOptions {
  /** Of their data. */
  readonly folder: string;
  readonly replicas: 1 | 3;
  /** Of copies of NATS's data, where those must not lie on the same disk. Default: the folder. */
  readonly copies?: string;
  /** Each on a disk of its own that can be filled, if that can be mounted. Default true. */
  readonly haveSmallDisks?: boolean;
}

/** The mongods and the nats-server of the chaos's own. The services see them through proxies, whoever judges sees them directly. */
export class Servers {
  private constructor(
    private readonly folder: string,
    private readonly copies: string,
    private readonly passwords: { readonly stepwell: string; readonly reader: string },
    readonly mongods: Mongods,
    readonly nats: BrittleServer,
  ) {}

  static async start({ folder, replicas, copies, haveSmallDisks = true }: ServersOptions): Promise<Servers> {
    const [mongod, natsServer] = await Promise.all([resolveMongod(), resolveNatsServer()]);
    if (mongod.kind !== 'binary' || natsServer.kind !== 'binary')
      throw new Error('chaos needs servers that it may kill');
    const passwords = { stepwell: randomBytes(16).toString('hex'), reader: randomBytes(16).toString('hex') };
    const dataDir = join(folder, 'nats');
    const disk = haveSmallDisks ? await SmallDisk.mount(dataDir, NATS_DISK_MB) : undefined;
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
    const mongods = await Mongods.start({ folder, binary: mongod.path, count: replicas, haveSmallDisks });
    return new Servers(folder, copies ?? folder, passwords, mongods, nats);
  }

  /** By which services find them. @param mongoUri default: through the proxies */
  settings(database: string, mongoUri = this.mongods.uri): Readonly<Record<string, string>> {
    return {
      STEPWELL_MONGODB_URI: mongoUri,
      STEPWELL_MONGODB_DATABASE: database,
      STEPWELL_NATS_URL: `nats://127.0.0.1:${this.nats.proxy.port}`,
      STEPWELL_NATS_USER: 'stepwell',
      STEPWELL_NATS_PASSWORD: this.passwords.stepwell,
      STEPWELL_GATEWAY_HOST: '127.0.0.1',
    };
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

  /** While it doesn't run. */
  async copyNats(): Promise<void> {
    await rm(this.olderNatsStore, { recursive: true, force: true });
    await cp(this.natsStore, this.olderNatsStore, { recursive: true });
  }

  /** While it doesn't run: to what it was when it was copied. The copy is used up. */
  async setNatsBack(): Promise<void> {
    await this.forgetNats();
    await cp(this.olderNatsStore, this.natsStore, { recursive: true });
    await rm(this.olderNatsStore, { recursive: true });
  }

  get hasCopyOfNats(): boolean {
    return existsSync(this.olderNatsStore);
  }

  async stop(): Promise<void> {
    await Promise.all([this.mongods.end(this.folder), this.nats.end(join(this.folder, 'nats-logs'))]);
  }

  private get natsStore(): string {
    return join(this.folder, 'nats', 'jetstream');
  }

  private get olderNatsStore(): string {
    return join(this.copies, 'older-jetstream');
  }
}
