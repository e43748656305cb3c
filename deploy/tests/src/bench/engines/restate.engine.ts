import { freePort } from '@stepwell/platform';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { until } from '../../e2e/until';
import type { Journal } from '../work/journal';
import { type Execute, performed, type RunOrder, sleepMs, stepResult, valueOf } from '../work/work';
import { AppProcess, type AppSettings } from './app-process';
import type { Counters, Engine, EngineKind } from './engine';
import {
  installRestate,
  RESTATE_SDK_VERSION,
  RESTATE_VERSION,
  type RestateContext,
  restateSdkIn,
  restateServerIn,
} from './restate.package';

/** As many as there are cores on a small machine; 24, as it comes, cost it a third of its speed there. */
const PARTITIONS = 2;
const CONNECTIONS = 256;
const TRY_AGAIN_MS = 1_000;

/** A single node with all its roles, its logs at info into a file; its service makes the same steps by `ctx.run`. */
export const restate: EngineKind = {
  name: 'restate',
  about: `Restate ${RESTATE_VERSION}, ${PARTITIONS} partitions, TypeScript SDK ${RESTATE_SDK_VERSION} over HTTP/2; otherwise as it comes`,
  // One invocation, which stays open until the run has ended; when a sleep is long, it is given up and made again.
  callsPerRun: ({ sleep }) => (sleep === undefined ? 1 : undefined),
  start: startRestate,
  serve: serveRestateApp,
};

async function startRestate(folder: string): Promise<Engine> {
  const installed = await installRestate();
  const [nodePort, ingressPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const log = openSync(join(folder, 'restate.log'), 'a');
  const child = spawn(restateServerIn(installed), ['--no-logo', '--base-dir', join(folder, 'restate')], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      RESTATE_DEFAULT_NUM_PARTITIONS: String(PARTITIONS),
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(nodePort),
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
    },
  });
  closeSync(log);
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  try {
    await until('Restate is ready', () => isReady(child, adminUrl, join(folder, 'restate.log')));
    const app = await AppProcess.start('restate', { installed, port: String(await freePort()) });
    await register(adminUrl, app.url);
    const client = new RestateClient(`http://127.0.0.1:${ingressPort}`);
    return {
      app,
      processes: [
        { name: 'restate-server', pid: child.pid ?? 0, part: 'engine' },
        { name: 'app', pid: app.pid, part: 'harness' },
      ],
      accept: (order) => client.accept(order),
      complete: (order) => client.complete(order),
      counters: () => countersOf(`http://127.0.0.1:${nodePort}/metrics`),
      stop: async () => {
        await Promise.all([client.close(), app.stop()]);
        await ended(child);
        process.off('exit', kill);
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

async function isReady(child: ChildProcess, adminUrl: string, logFile: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Restate ended:\n${readFileSync(logFile, 'utf8')}`);
  const response = await fetch(`${adminUrl}/health`).catch(() => undefined);
  return response?.ok === true;
}

/** It may be ready to be asked before its partitions have their leaders. */
async function register(adminUrl: string, uri: string): Promise<void> {
  await until('Restate knows the app', async () => {
    const response = await fetch(`${adminUrl}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri }),
    });
    return response.ok;
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Syncs of the write-ahead logs of its log server, its store and its metadata: the first is what durability rests on, the others are few. */
async function countersOf(metricsUrl: string): Promise<Counters> {
  const metrics = await (await fetch(metricsUrl)).text();
  const syncs = [...metrics.matchAll(/^restate_rocksdb_wal_synced_total\{.*\} (\d+)$/gm)];
  return syncs.length === 0 ? {} : { fsyncs: syncs.reduce((sum, [, count]) => sum + Number(count), 0) };
}

/** Starts runs by Restate's ingress. */
class RestateClient {
  private readonly pool: Pool;

  constructor(ingressUrl: string) {
    this.pool = new Pool(ingressUrl, { connections: CONNECTIONS });
  }

  async accept(order: RunOrder): Promise<'accepted' | 'shed'> {
    const { status, text } = await this.post('/bench/run/send', order);
    if (status === 200 || status === 202) return 'accepted';
    if (status !== 429 && status !== 503) throw new Error(`${order.id} is refused: ${status} ${text}`);
    await delay(TRY_AGAIN_MS);
    return 'shed';
  }

  async complete(order: RunOrder): Promise<number> {
    const { status, text } = await this.post('/bench/run', order);
    if (status !== 200) throw new Error(`${order.id}: ${status} ${text}`);
    return Number(text);
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async post(path: string, body: RunOrder): Promise<{ status: number; text: string }> {
    const response = await this.pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.statusCode, text: await response.body.text() };
  }
}

async function serveRestateApp(journal: Journal, { installed = '', port = '' }: AppSettings): Promise<string> {
  // A line for each invocation and each of its ends would be the app's cost, of which ours has none.
  process.env['RESTATE_LOGGING'] = 'ERROR';
  const sdk = restateSdkIn(installed);
  const run = async (context: RestateContext, order: RunOrder): Promise<number> => {
    journal.called();
    journal.began(order);
    const { sleep } = order;
    if (sleep !== undefined) await context.sleep(sleepMs(sleep));
    const execute: Execute = (before, step) =>
      context.run(`step ${step}`, () => {
        journal.executed(order, step);
        return valueOf(stepResult(before, step), order);
      });
    const result = await performed(order, execute, (values) => sdk.RestatePromise.all(values));
    journal.ended(order, result);
    return result;
  };
  await sdk.serve({ services: [sdk.service({ name: 'bench', handlers: { run } })], port: Number(port) });
  return `http://127.0.0.1:${port}`;
}
