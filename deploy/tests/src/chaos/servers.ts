import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { EmbeddedMongod, EmbeddedNats } from '@stepwell/platform';
import { resolveMongod, resolveNatsServer, startMongod, startNatsServer } from '@stepwell/platform';
import type { FaultProxy } from '@stepwell/testing';
import { createFaultProxy } from '@stepwell/testing';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A server that can be killed, stalled and started again on its data and port. */
export interface BrittleServer {
  readonly pid: number;
  kill(): Promise<void>;
  start(): Promise<void>;
}

interface Running {
  mongod: EmbeddedMongod;
  nats: EmbeddedNats;
}

/** A mongod and a nats-server of the chaos's own. The services see them through proxies, whoever judges sees them directly. */
export class Servers {
  readonly passwords = { stepwell: randomBytes(16).toString('hex'), reader: randomBytes(16).toString('hex') };

  private constructor(
    private readonly folder: string,
    private readonly binaries: { readonly mongod: string; readonly nats: string },
  ) {}

  private running!: Running;
  private proxied!: { readonly mongod: FaultProxy; readonly nats: FaultProxy };

  static async start(folder: string): Promise<Servers> {
    const [mongod, nats] = await Promise.all([resolveMongod(), resolveNatsServer()]);
    if (mongod.kind !== 'binary' || nats.kind !== 'binary') throw new Error('chaos needs servers that it may kill');
    const servers = new Servers(folder, { mongod: mongod.path, nats: nats.path });
    servers.running = { mongod: await servers.startMongod(0), nats: await servers.startNats(0) };
    servers.proxied = {
      mongod: await createFaultProxy({ port: servers.running.mongod.port }),
      nats: await createFaultProxy({ port: servers.running.nats.port }),
    };
    return servers;
  }

  /** For the services: not discovered, or they would go around the proxy. */
  get mongoUri(): string {
    return `mongodb://127.0.0.1:${this.proxied.mongod.port}/?directConnection=true`;
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${this.proxied.nats.port}`;
  }

  get directMongoUri(): string {
    return `mongodb://127.0.0.1:${this.running.mongod.port}/?directConnection=true`;
  }

  /** With the credentials of somebody who may read completions only. */
  get directNatsUrl(): string {
    return `nats://reader:${this.passwords.reader}@127.0.0.1:${this.running.nats.port}`;
  }

  get proxies(): { readonly mongod: FaultProxy; readonly nats: FaultProxy } {
    return this.proxied;
  }

  get mongod(): BrittleServer {
    return this.brittle('mongod', (port) => this.startMongod(port));
  }

  get nats(): BrittleServer {
    return this.brittle('nats', (port) => this.startNats(port));
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
      await rename(older, this.natsStore);
    } else await cp(this.natsStore, older, { recursive: true });
  }

  async stop(): Promise<void> {
    await Promise.all([this.proxied.mongod.close(), this.proxied.nats.close()]);
    await Promise.all([killed(this.running.mongod), killed(this.running.nats)]);
  }

  private get natsStore(): string {
    return join(this.folder, 'nats', 'jetstream');
  }

  private startMongod(port: number): Promise<EmbeddedMongod> {
    const dataDir = join(this.folder, 'mongod');
    return startMongod({ binary: this.binaries.mongod, dataDir, ensureReplicaSet: ensureReplicaSetOfOne, port });
  }

  private startNats(port: number): Promise<EmbeddedNats> {
    const dataDir = join(this.folder, 'nats');
    return startNatsServer({ binary: this.binaries.nats, dataDir, passwords: this.passwords, port });
  }

  private brittle<Name extends keyof Running>(
    name: Name,
    start: (port: number) => Promise<Running[Name]>,
  ): BrittleServer {
    const { running } = this;
    return {
      pid: running[name].pid,
      kill: () => killed(running[name]),
      start: async () => {
        running[name] = await start(running[name].port);
      },
    };
  }
}

async function killed(server: EmbeddedMongod | EmbeddedNats): Promise<void> {
  server.kill('SIGKILL');
  await server.exited;
}
