import type { ServiceName } from '@stepwell/core';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { probesIn } from './probes';
import { DEV } from './stepwell-under-test';
import { until } from './until';

const CLI = resolve(__dirname, '../../../../services/standalone/dist/main.js');

/** What a process can be: one of the five, or all of them in one. */
export type Role = ServiceName | 'all';

/** One service as a cluster would run it: `stepwell start --role …`, configured by its environment alone, supervised by nobody. */
export class FleetMember {
  readonly child: ChildProcess;

  constructor(
    readonly role: Role,
    readonly logFile: string,
    env: NodeJS.ProcessEnv,
    cli: string,
    nodeArgs: readonly string[] = [],
  ) {
    const log = openSync(logFile, 'a');
    this.child = spawn(process.execPath, [...nodeArgs, cli, 'start', '--role', role], {
      stdio: ['ignore', log, log],
      env,
    });
    closeSync(log);
  }

  /** Base URL of its health and metrics; undefined before it has started. */
  get probeUrl(): string | undefined {
    return probesIn(this.logFile)[0]?.url;
  }

  /** Where the API is, once it has started: of a gateway alone. */
  get httpPort(): number | undefined {
    return probesIn(this.logFile)[0]?.httpPort;
  }

  async ready(limitMs = 60_000): Promise<void> {
    await until(
      `${this.logFile} tells of a service that is ready`,
      async () => {
        if (this.child.exitCode !== null) throw new Error(readFileSync(this.logFile, 'utf8'));
        const url = this.probeUrl;
        return url !== undefined && (await fetch(`${url}/health/ready`)).ok;
      },
      limitMs,
    );
  }

  /** The sum of a metric over its labels; undefined when the process can't be asked. */
  async metric(name: string): Promise<number | undefined> {
    const response = await fetch(`${this.probeUrl ?? ''}/metrics`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    const lines = response === undefined ? [] : (await response.text()).split('\n');
    const values = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return values.length === 0 ? undefined : values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** SIGTERM unless told otherwise. @returns exit code, null after a signal */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  }
}

export interface MemberOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Compiled `main.js` of `stepwell`. Default: of this working tree. */
  readonly cli?: string;
  /** Of Node itself, such as those of its profiler. */
  readonly nodeArgs?: readonly string[];
}

/** Services of any number on given servers, each a process of its own. */
export class ServiceFleet {
  private readonly members: FleetMember[] = [];

  constructor(
    /** Where their logs go. */
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param others what this process alone has: settings, another build of the program */
  add(role: Role, { env = {}, cli = CLI, nodeArgs }: MemberOptions = {}): FleetMember {
    const logFile = join(this.folder, `${role}-${this.members.length}.log`);
    const settings = {
      ...process.env,
      STEPWELL_AUTH_TOKENS: DEV.token,
      STEPWELL_SIGNING_CURRENT_KEY: DEV.currentSigningKey,
      STEPWELL_SIGNING_NEXT_KEY: DEV.nextSigningKey,
      STEPWELL_OUTBOUND_ALLOW_PRIVATE: 'true',
      STEPWELL_METRICS_HOST: '127.0.0.1',
      STEPWELL_METRICS_PORT: '0',
      STEPWELL_SHUTDOWN_DELAY: '0s',
      STEPWELL_LOG_LEVEL: 'info',
      STEPWELL_LOG_FORMAT: 'json',
      ...this.env,
      ...env,
    };
    const member = new FleetMember(role, logFile, settings, cli, nodeArgs);
    this.members.push(member);
    return member;
  }

  async ready(): Promise<void> {
    await Promise.all(this.members.map((member) => member.ready()));
  }

  /** All at once, in order. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end()));
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end('SIGKILL')));
  }
}
