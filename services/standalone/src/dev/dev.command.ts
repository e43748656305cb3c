import { SERVICES } from '@stepwell/core';
import { lockDataDir } from '@stepwell/platform';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { banner } from './banner';
import { KeptChild } from './child-process';
import { childEnvironment } from './child-environment';
import type { Servers } from './embedded-servers';
import { startServers } from './embedded-servers';
import { devCredentials } from './dev-credentials';
import { exampleChild } from './example.child';
import { ProcessList } from './process-list';
import { untilReady } from './ready';
import { serverPasswords } from './server-passwords';

export interface DevOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly processes: 'one' | 'five';
  /** Name of an example to run once everything is up. */
  readonly example?: string;
  /** The program that offers `start --role`: this one. */
  readonly cliFile: string;
}

/**
 * `stepwell dev`: both servers, the engine as one process or as five, and an example, all of them children that are restarted when
 * they die and that end with this process, however it ends.
 */
export class DevCommand {
  private readonly children: KeptChild[] = [];
  private readonly stopping = new AbortController();
  private servers: Servers | undefined;
  private releaseLock: () => void = () => undefined;

  constructor(
    private readonly options: DevOptions,
    private readonly env: NodeJS.ProcessEnv,
    private readonly say: (line: string) => void,
  ) {}

  async start(): Promise<void> {
    const { processes, example } = this.options;
    const dataDir = resolve(this.options.dataDir);
    mkdirSync(dataDir, { recursive: true });
    const lock = lockDataDir(dataDir);
    this.releaseLock = () => {
      lock.release();
    };
    const list = new ProcessList(dataDir);
    const passwords = serverPasswords(dataDir);
    const servers = await startServers({
      dataDir,
      needsNats: processes === 'five',
      passwords,
      processes: list,
      say: this.say,
      env: this.env,
    });
    this.servers = servers;
    const port = this.options.port === 0 ? await freePort() : this.options.port;
    const url = `http://127.0.0.1:${port}`;
    for (const role of processes === 'one' ? ['all'] : SERVICES) {
      const env = { ...this.env, ...childEnvironment(role, { port, servers, env: this.env }) };
      this.run(
        {
          name: role === 'all' ? 'engine' : role,
          args: [...process.execArgv, this.options.cliFile, 'start', '--role', role],
          env,
        },
        list,
      );
    }
    const credentials = devCredentials(this.env);
    await untilReady(url, credentials.token, this.stopping.signal);
    if (this.stopping.signal.aborted) return;
    const reader =
      servers.nats?.password === undefined ? servers.nats?.url : natsReader(servers.nats.url, passwords.reader);
    this.say(
      banner({
        url,
        processes,
        dataDir,
        servers: servers.taken,
        credentials,
        ...(reader === undefined ? {} : { natsReader: reader }),
      }),
    );
    if (example !== undefined) this.run(exampleChild(example, { url, dataDir, env: this.env }), list);
  }

  /** Ends everything in order: the example, the engine, then the servers. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const child of this.children.reverse()) child.expectEnd();
    await Promise.all(this.children.map((child) => child.stop()));
    await this.servers?.stop();
    this.releaseLock();
  }

  private run(definition: ConstructorParameters<typeof KeptChild>[0], list: ProcessList): void {
    const child = new KeptChild(definition, {
      started: (name, pid) => {
        list.set(name, pid);
      },
      ended: (name, how, restartInMs) => {
        list.set(name, undefined);
        if (how !== 'with code 0')
          this.say(`${name} ended ${how}${restartInMs === undefined ? '' : ', starting it again'}`);
      },
    });
    this.children.push(child);
    child.start();
  }
}

function natsReader(url: string, password: string): string {
  return url.replace('nats://', `nats://reader:${password}@`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
