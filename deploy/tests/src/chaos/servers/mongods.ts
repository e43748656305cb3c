import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import { startMongod } from '@stepwell/platform';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BrittleServer } from './brittle.server';
import { helloOf, initiate } from './replica-set';
import { SmallDisk } from './small-disk';

/** Room for an oplog of 256 MB, some journals of 100, and what a quarter of an hour of chaos leaves. */
const DISK_MB = 2_048;
const LOOK_AGAIN_MS = 50;
const ELECTED_WITHIN_MS = 60_000;

interface MongodsOptions {
  readonly folder: string;
  readonly binary: string;
  readonly count: 1 | 3;
  readonly haveSmallDisks: boolean;
}

/** A replica set of one or of three. In a set of three the members see each other through the proxies too: those are their addresses. */
export class Mongods {
  private constructor(readonly members: readonly BrittleServer[]) {}

  static async start({ folder, binary, count, haveSmallDisks }: MongodsOptions): Promise<Mongods> {
    const members: BrittleServer[] = [];
    const ensureReplicaSet = count === 1 ? ensureReplicaSetOfOne : () => Promise.resolve();
    for (let nth = 0; nth < count; nth += 1) {
      const dataDir = join(folder, `mongod-${nth}`);
      const disk = haveSmallDisks ? await SmallDisk.mount(dataDir, DISK_MB) : undefined;
      const launch = (port: number) => startMongod({ binary, dataDir, ensureReplicaSet, port });
      members.push(await BrittleServer.start(launch, disk));
    }
    const mongods = new Mongods(members);
    if (count === 3) {
      const [first] = members;
      if (first)
        await initiate(
          first.port,
          members.map(({ proxy }) => proxy.port),
        );
      await mongods.primary();
    }
    return mongods;
  }

  /** For the services. One alone isn't discovered, or they would go around its proxy. */
  get uri(): string {
    const hosts = this.members.map(({ proxy }) => `127.0.0.1:${proxy.port}`).join(',');
    return `mongodb://${hosts}/?${this.members.length === 1 ? 'directConnection=true' : 'replicaSet=stepwell'}`;
  }

  /** For whoever judges in the end, when nothing hinders the proxies. */
  get judgesUri(): string {
    const [only] = this.members;
    return this.members.length === 1 && only ? `mongodb://127.0.0.1:${only.port}/?directConnection=true` : this.uri;
  }

  /** Waits for an election, if there is one. */
  async primary(): Promise<BrittleServer> {
    const giveUpAt = performance.now() + ELECTED_WITHIN_MS;
    do {
      for (const member of this.members) if (await isPrimary(member)) return member;
      await delay(LOOK_AGAIN_MS);
    } while (performance.now() < giveUpAt);
    throw new Error('no mongod became primary within a minute');
  }

  async end(logsTo: string): Promise<void> {
    await Promise.all(this.members.map((member, nth) => member.end(join(logsTo, `mongod-${nth}-logs`))));
  }
}

async function isPrimary(member: BrittleServer): Promise<boolean> {
  if (!member.isRunning) return false;
  const hello = await helloOf(member.port).catch(() => undefined);
  return hello?.isWritablePrimary === true;
}
