import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { EmbeddedServer, KeptServer, ServerAtHand, ServerEvent } from '@stepwell/platform';
import {
  keepRunning,
  resolveMongod,
  resolveNatsServer,
  ServerNotFound,
  startMongod,
  startNatsServer,
} from '@stepwell/platform';
import { join } from 'node:path';
import type { ProcessList } from './process-list';
import type { ServerPasswords } from './server-passwords';

/** Where the two servers are, whoever runs them. */
export interface Servers {
  readonly mongodbUri: string;
  /** Absent: there is none, and nobody needs it (one process, no public topics). */
  readonly nats?: { readonly url: string; readonly user?: string; readonly password?: string };
  /** For the banner: which was taken. */
  readonly taken: readonly string[];
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly needsNats: boolean;
  readonly passwords: ServerPasswords;
  readonly processes: ProcessList;
  readonly say: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when they aren't wanted any more. */
  readonly stopping: AbortSignal;
}

/**
 * Starts what isn't given by STEPWELL_MONGODB_URI and STEPWELL_NATS_URL, and keeps it running. Nothing is left when it fails.
 * @returns undefined when it was told to stop before it had found them (which may be a download)
 */
export async function startServers(options: ServerOptions): Promise<Servers | undefined> {
  const { env, say, stopping } = options;
  const found = await unlessAborted(
    Promise.all([
      resolveMongod(env['STEPWELL_MONGODB_URI'], { onProgress: say }),
      resolveNatsServer(env['STEPWELL_NATS_URL'], { onProgress: say }).catch(toleratedAbsence(options)),
    ]),
    stopping,
  );
  if (found === undefined) return undefined;
  const kept: KeptServer<EmbeddedServer>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(kept.map((server) => server.stop()));
  };
  const [mongo, nats] = await Promise.allSettled([
    takeMongod(found[0], options, kept),
    takeNats(found[1], options, kept),
  ]);
  if (mongo.status === 'fulfilled' && nats.status === 'fulfilled') {
    return {
      mongodbUri: mongo.value.uri,
      ...(nats.value.connection ? { nats: nats.value.connection } : {}),
      taken: [mongo.value.taken, nats.value.taken],
      stop,
    };
  }
  await stop();
  throw [mongo, nats].find((outcome) => outcome.status === 'rejected')?.reason;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  return signal.aborted ? undefined : Promise.race([work, aborted]);
}

/** One process does without NATS. */
function toleratedAbsence({ needsNats }: ServerOptions): (error: unknown) => undefined {
  return (error) => {
    if (needsNats || !(error instanceof ServerNotFound)) throw error;
    return undefined;
  };
}

async function takeMongod(
  found: ServerAtHand,
  options: ServerOptions,
  kept: KeptServer<EmbeddedServer>[],
): Promise<{ uri: string; taken: string }> {
  if (found.kind === 'running') return { uri: found.url, taken: 'MongoDB of STEPWELL_MONGODB_URI' };
  const server = await keepRunning({
    start: (port) =>
      startMongod({
        binary: found.path,
        dataDir: join(options.dataDir, 'mongodb'),
        ensureReplicaSet: ensureReplicaSetOfOne,
        ...(port === undefined ? {} : { port }),
      }),
    onEvent: told('mongod', options),
  });
  kept.push(server);
  options.processes.set('mongod', server.current.pid);
  return { uri: server.current.uri, taken: `mongod ${found.version} (${found.source}), ${server.current.uri}` };
}

async function takeNats(
  found: ServerAtHand | undefined,
  options: ServerOptions,
  kept: KeptServer<EmbeddedServer>[],
): Promise<{ connection?: Servers['nats']; taken: string }> {
  if (!found) return { taken: 'no nats-server found: one process needs none, but there are no public topics' };
  if (found.kind === 'running') return { connection: { url: found.url }, taken: 'NATS of STEPWELL_NATS_URL' };
  const { passwords } = options;
  const server = await keepRunning({
    start: (port) =>
      startNatsServer({
        binary: found.path,
        dataDir: join(options.dataDir, 'nats'),
        passwords,
        ...(port === undefined ? {} : { port }),
      }),
    onEvent: told('nats-server', options),
  });
  kept.push(server);
  options.processes.set('nats-server', server.current.pid);
  const { url } = server.current;
  return {
    connection: { url, user: 'stepwell', password: passwords.stepwell },
    taken: `nats-server ${found.version} (${found.source}), ${url}`,
  };
}

function told(name: string, { processes, say }: ServerOptions): (event: ServerEvent) => void {
  return (event) => {
    switch (event.event) {
      case 'died':
        processes.set(name, undefined);
        say(`${name} died (${event.exit.signal ?? event.exit.code ?? 'unseen'}), log: ${event.logFile}`);
        return;
      case 'restarting':
        return;
      case 'restarted':
        processes.set(name, event.pid);
        say(`${name} is running again`);
        return;
      case 'restart-failed':
        say(`${name} could not be restarted: ${String(event.error)}`);
        return;
    }
  };
}
