import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { KeptServer, ServerEvent, EmbeddedServer } from '@stepwell/platform';
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
}

/** Starts what isn't given by STEPWELL_MONGODB_URI and STEPWELL_NATS_URL, and keeps it running. */
export async function startServers(options: ServerOptions): Promise<Servers> {
  const kept: KeptServer<EmbeddedServer>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(kept.map((server) => server.stop()));
  };
  try {
    const [mongo, nats] = await Promise.all([takeMongod(options, kept), takeNats(options, kept)]);
    return {
      mongodbUri: mongo.uri,
      ...(nats.connection ? { nats: nats.connection } : {}),
      taken: [mongo.taken, nats.taken],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function takeMongod(
  options: ServerOptions,
  kept: KeptServer<EmbeddedServer>[],
): Promise<{ uri: string; taken: string }> {
  const found = await resolveMongod(options.env['STEPWELL_MONGODB_URI'], { onProgress: options.say });
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
  options: ServerOptions,
  kept: KeptServer<EmbeddedServer>[],
): Promise<{ connection?: Servers['nats']; taken: string }> {
  const { env, passwords } = options;
  try {
    const found = await resolveNatsServer(env['STEPWELL_NATS_URL'], { onProgress: options.say });
    if (found.kind === 'running') return { connection: { url: found.url }, taken: 'NATS of STEPWELL_NATS_URL' };
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
  } catch (error) {
    if (options.needsNats || !(error instanceof ServerNotFound)) throw error;
    return { taken: 'no nats-server found: one process needs none, but there are no public topics' };
  }
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
