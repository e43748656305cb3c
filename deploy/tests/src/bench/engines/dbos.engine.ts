import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Pool } from 'undici';
import type { Journal } from '../work/journal';
import { type Execute, performed, type RunOrder, sleepMs, stepResult, valueOf } from '../work/work';
import { AppProcess, type AppSettings } from './app-process';
import { type Dbos, DBOS_VERSION, dbosIn, installDbos, pgIn } from './dbos.package';
import type { Engine, EngineKind } from './engine';
import { POSTGRES_MAJOR } from './postgres.package';
import { startPostgres } from './postgres.server';

const CONNECTIONS = 256;

/** A library in its user's app, which is started by HTTP: there is no process of the engine's beside it but the database's. */
export const dbos: EngineKind = {
  name: 'dbos',
  about:
    `DBOS ${DBOS_VERSION} on Debian’s PostgreSQL ${POSTGRES_MAJOR}, both as they come, but that DBOS logs warnings only. It works within the ` +
    'app, so that the app’s process counts as the engine’s, with its HTTP server and the steps themselves',
  // Its workflow, which goes on in memory until it has ended.
  callsPerRun: () => 1,
  start: startDbos,
  serve: serveDbosApp,
};

async function startDbos(folder: string): Promise<Engine> {
  const installed = await installDbos();
  const postgres = await startPostgres(folder, pgIn(installed));
  try {
    const app = await AppProcess.start('dbos', { installed, database: postgres.url });
    const client = new DbosClient(app.url);
    return {
      app,
      processes: [{ name: 'app with DBOS', pid: app.pid, part: 'engine' }, postgres.process],
      accept: (order) => client.accept(order),
      complete: (order) => client.complete(order),
      counters: async () => ({ fsyncs: await postgres.fsyncs() }),
      stop: async () => {
        await Promise.all([client.close(), app.stop()]);
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Starts runs by the app's own HTTP server. */
class DbosClient {
  private readonly pool: Pool;

  constructor(appUrl: string) {
    this.pool = new Pool(appUrl, { connections: CONNECTIONS });
  }

  async accept(order: RunOrder): Promise<'accepted'> {
    await this.post('/accept', order);
    return 'accepted';
  }

  async complete(order: RunOrder): Promise<number> {
    return Number(await this.post('/complete', order));
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async post(path: string, order: RunOrder): Promise<string> {
    const { statusCode, body } = await this.pool.request({ method: 'POST', path, body: JSON.stringify(order) });
    const answer = await body.text();
    if (statusCode !== 200) throw new Error(`${order.id}: ${statusCode} ${answer}`);
    return answer;
  }
}

async function serveDbosApp(journal: Journal, { installed = '', database = '' }: AppSettings): Promise<string> {
  const engine = dbosIn(installed);
  // It uses its driver of PostgreSQL in a way that will not do some day.
  process.noDeprecation = true;
  engine.setConfig({ name: 'bench', systemDatabaseUrl: database, logLevel: 'warn' });
  const workflow = engine.registerWorkflow((order: RunOrder) => run(engine, journal, order), { name: 'bench' });
  await engine.launch();
  const start = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const order = JSON.parse(await text(request)) as RunOrder;
    const handle = await engine.startWorkflow(workflow, { workflowID: order.id })(order);
    response.end(request.url === '/complete' ? String(await handle.getResult()) : undefined);
  };
  const server = createServer((request, response) => {
    start(request, response).catch((error: unknown) => {
      journal.complain(String(error));
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function run(engine: Dbos, journal: Journal, order: RunOrder): Promise<number> {
  journal.called();
  journal.began(order);
  const { sleep } = order;
  if (sleep !== undefined) await engine.sleep(sleepMs(sleep));
  const execute: Execute = (before, step) =>
    engine.runStep(
      () => {
        journal.executed(order, step);
        return Promise.resolve(valueOf(stepResult(before, step), order));
      },
      { name: `step ${step}` },
    );
  const result = await performed(order, execute);
  journal.ended(order, result);
  return result;
}
