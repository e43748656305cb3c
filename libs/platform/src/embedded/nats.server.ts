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
  const { binary, access, maxStoreBytes, port = 0, ...bounds } = options;
  const dataDir = resolve(options.dataDir);
  const portsDir = join(dataDir, 'ports');
  await rm(portsDir, { recursive: true, force: true });
  await mkdir(portsDir, { recursive: true });
  const configFile = join(dataDir, 'nats.conf');
  await writeConfig(configFile, {
    server_name: 'stepwell-embedded',
    listen: `127.0.0.1:${String(port === 0 ? -1 : port)}`,
    ports_file_dir: portsDir,
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
  const portOpened = await untilReady('nats-server', server, () => readPort(portsDir, server.pid));
  return { ...server, port: portOpened, url: `nats://127.0.0.1:${String(portOpened)}` };
}

/** JSON is a subset of the server's own configuration language. */
async function writeConfig(file: string, config: object): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}

/** The server writes this file when all its listeners are open. */
async function readPort(portsDir: string, pid: number): Promise<number | undefined> {
  const ports = await readFile(join(portsDir, `nats-server_${String(pid)}.ports`), 'utf8').catch(() => '');
  const port = /"nats:\/\/[^"]*:(\d+)"/.exec(ports)?.[1];
  return port === undefined ? undefined : Number(port);
}
