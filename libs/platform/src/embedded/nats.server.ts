/**
 * An embedded nats-server: JetStream on, loopback only, everybody needs a password.
 *
 * Owns: its configuration, its start and end. Doesn't own: streams and consumers (libs/messaging), which binary (server-binaries.ts).
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type NatsAccess, stepwellAndReader } from './nats-access';
import { type EmbeddedServer, type ServerBounds, untilReady } from './embedded-server';
import { startSupervised } from './supervised-process';

export interface EmbeddedNats extends EmbeddedServer {
  /** Without credentials. */
  readonly url: string;
  /** Of its own counts (`/varz`), when it is monitored. */
  readonly monitorUrl?: string;
}

export interface LaunchNatsOptions extends ServerBounds {
  readonly binary: string;
  /** Made when missing. Holds the configuration (with the passwords, 0600), the log and JetStream's store. */
  readonly dataDir: string;
  readonly access: NatsAccess;
  /** What all streams together may reserve. Default: NATS' own, three quarters of the free disk. */
  readonly maxStoreBytes?: number;
  /** Default 0: the server takes a free one. */
  readonly port?: number;
  /** Whether it tells what it counts, to anybody on this machine. Default: no. */
  readonly isMonitored?: boolean;
}

export interface StartNatsOptions extends Omit<LaunchNatsOptions, 'access'> {
  readonly passwords: { readonly stepwell: string; readonly reader: string };
}

/** @throws ServerStartFailed */
export function startNatsServer({ passwords, ...options }: StartNatsOptions): Promise<EmbeddedNats> {
  return launchNatsServer({ ...options, access: stepwellAndReader(passwords) });
}

/** As `startNatsServer`, with accounts and users of the caller's choice. */
export async function launchNatsServer(options: LaunchNatsOptions): Promise<EmbeddedNats> {
  const { binary, access, maxStoreBytes, port = 0, isMonitored = false, ...bounds } = options;
  const dataDir = resolve(options.dataDir);
  const portsDir = join(dataDir, 'ports');
  await rm(portsDir, { recursive: true, force: true });
  await mkdir(portsDir, { recursive: true });
  const configFile = join(dataDir, 'nats.conf');
  await writeConfig(configFile, {
    server_name: 'stepwell-embedded',
    listen: `127.0.0.1:${String(port === 0 ? -1 : port)}`,
    ports_file_dir: portsDir,
    ...(isMonitored ? { http: '127.0.0.1:-1' } : {}),
    // For a process that is busy while parts of a large body come in; the server's own 64 MiB are less than one body may have.
    max_pending: 256 * 1024 * 1024,
    jetstream: {
      store_dir: join(dataDir, 'jetstream'),
      ...(maxStoreBytes === undefined ? {} : { max_file_store: maxStoreBytes }),
    },
    ...access,
  });
  const server = await startSupervised({
    ...bounds,
    command: binary,
    args: ['--config', configFile],
    logFile: join(dataDir, 'nats-server.log'),
  });
  const { nats, http } = await untilReady('nats-server', server, () => readPorts(portsDir, server.pid));
  return {
    ...server,
    port: nats,
    url: `nats://127.0.0.1:${String(nats)}`,
    ...(http === undefined ? {} : { monitorUrl: `http://127.0.0.1:${String(http)}` }),
  };
}

/** JSON is a subset of the server's own configuration language. */
async function writeConfig(file: string, config: object): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}

/** The server writes this file when all its listeners are open. */
async function readPorts(portsDir: string, pid: number): Promise<{ nats: number; http?: number } | undefined> {
  const ports = await readFile(join(portsDir, `nats-server_${String(pid)}.ports`), 'utf8').catch(() => '');
  const [nats, http] = ['nats', 'http'].map((scheme) => new RegExp(`"${scheme}://[^"]*:(\\d+)"`).exec(ports)?.[1]);
  if (nats === undefined) return undefined;
  return { nats: Number(nats), ...(http === undefined ? {} : { http: Number(http) }) };
}
