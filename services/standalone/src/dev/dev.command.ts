import { SERVICES } from '@stepwell/core';
import { lockDataDir } from '@stepwell/platform';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { apiPort } from './api-port';
import { banner } from './banner';
import type { ChildDefinition } from './child-process';
import { KeptChild } from './child-process';
import { childEnvironment } from './child-environment';
import type { Servers } from './embedded-servers';
import { startServers } from './embedded-servers';
import { devCredentials } from './dev-credentials';
import { exampleChild, findExample } from './example.child';
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
 *
 * 1. What the user can have got wrong (folder, port, example, settings) is refused at once, by a sentence; nothing is left running.
 * 2. The end goes against the current: first who submits (the example), then the engine, then the servers that it writes to.
 * 3. `stop` may come at any time, also during the start, which it cuts short; the folder is free only when everything is gone.
 */
export class DevCommand {
  private readonly engine: KeptChild[] = [];
  private example: KeptChild | undefined;
  private readonly stopping = new AbortController();
  private readonly hopeless = new AbortController();
  private servers: Servers | undefined;
  private starting: Promise<void> | undefined;
  private releaseLock: () => void = () => undefined;

  constructor(
    private readonly options: DevOptions,
    private readonly env: NodeJS.ProcessEnv,
    private readonly say: (line: string) => void,
  ) {}

  /** Resolves when it is ready, or stopped. @throws Error that says what to do; `stop` ends what was started before. */
  start(): Promise<void> {
    this.starting ??= this.startOnce();
    return this.starting;
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const child of this.engine) child.expectEnd();
    await this.starting?.catch(() => undefined);
    await this.example?.stop();
    await Promise.all(this.engine.map((child) => child.stop()));
    await this.servers?.stop();
    this.releaseLock();
  }

  private async startOnce(): Promise<void> {
    const { processes, example } = this.options;
    const { env, say } = this;
    const stopping = this.stopping.signal;
    const dataDir = resolve(this.options.dataDir);
    if (example !== undefined) findExample(example);
    mkdirSync(dataDir, { recursive: true });
    const lock = lockDataDir(dataDir);
    this.releaseLock = () => {
      lock.release();
    };
    const port = await apiPort(this.options.port, env['STEPWELL_GATEWAY_HOST'] ?? '127.0.0.1');
    const list = new ProcessList(dataDir);
    const passwords = serverPasswords(dataDir);
    const needsNats = processes === 'five';
    const servers = await startServers({ dataDir, needsNats, passwords, processes: list, say, env, stopping });
    this.servers = servers;
    if (!servers || stopping.aborted) return;

    const url = `http://127.0.0.1:${port}`;
    for (const role of processes === 'one' ? ['all'] : SERVICES) {
      const child = this.kept(
        {
          name: role === 'all' ? 'engine' : role,
          args: [...process.execArgv, this.options.cliFile, 'start', '--role', role],
          env: { ...env, ...childEnvironment(role, { port, servers, env }) },
        },
        list,
      );
      this.engine.push(child);
      child.start();
    }
    const credentials = devCredentials(env);
    const ready = await untilReady(url, credentials.token, AbortSignal.any([stopping, this.hopeless.signal]));
    this.hopeless.signal.throwIfAborted();
    if (!ready) return;
    const { nats, taken } = servers;
    const natsReader = nats && (nats.password === undefined ? nats.url : readerUrl(nats.url, passwords.reader));
    say(
      banner({
        url,
        processes,
        dataDir,
        servers: taken,
        credentials,
        ...(natsReader === undefined ? {} : { natsReader }),
      }),
    );
    if (example === undefined) return;
    this.example = this.kept(exampleChild(example, { url, dataDir, env }), list);
    this.example.start();
  }

  private kept(definition: ChildDefinition, list: ProcessList): KeptChild {
    return new KeptChild(definition, {
      started: (name, pid) => {
        list.set(name, pid);
      },
      ended: (name, how, restartInMs) => {
        list.set(name, undefined);
        if (restartInMs === undefined)
          this.hopeless.abort(new Error(`${name} cannot start with these settings: it ended ${how}.`));
        else if (how !== 'with code 0') this.say(`${name} ended ${how}, starting it again`);
      },
    });
  }
}

function readerUrl(url: string, password: string): string {
  return url.replace('nats://', `nats://reader:${password}@`);
}
