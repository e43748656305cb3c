import { freePort } from '@stepwell/platform';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { until } from '../../e2e/until';
import type { Journal } from '../work/journal';
import { type RunOrder, stepResult, valueOf } from '../work/work';
import { AppProcess, type AppSettings } from './app-process';
import type { Engine, EngineKind } from './engine';
import {
  installTemporal,
  provideTemporalFrom,
  TEMPORAL_SDK_VERSION,
  TEMPORAL_SERVER_VERSION,
  TEMPORAL_VERSION,
  type TemporalClient,
  temporalClientIn,
  type TemporalConnection,
  temporalServerIn,
  temporalWorkerIn,
} from './temporal.package';
import type * as workflows from './temporal.workflow';

const WORKFLOW: keyof typeof workflows = 'bench';
const TASK_QUEUE = 'bench';

/** Its development server, which keeps its state in a file, and a worker; each step is an ordinary activity. */
export const temporal: EngineKind = {
  name: 'temporal',
  about:
    `Temporal’s development server ${TEMPORAL_SERVER_VERSION} (command-line tool ${TEMPORAL_VERSION}) on SQLite in a file, without its web ` +
    `page; TypeScript SDK ${TEMPORAL_SDK_VERSION}; ordinary activities, not local ones; otherwise as it comes. Its worker hands out the app’s ` +
    'steps, so that the app’s process counts as the engine’s, with the steps themselves',
  leavesOut: { payload: 'Temporal refuses a result of more than 2 MB' },
  // The workflow, and an activity for each step.
  callsPerRun: ({ steps }) => 1 + steps,
  start: startTemporal,
  serve: serveTemporalApp,
};

async function startTemporal(folder: string): Promise<Engine> {
  const installed = await installTemporal();
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const logFile = join(folder, 'temporal.log');
  const log = openSync(logFile, 'a');
  const child = spawn(
    temporalServerIn(installed),
    [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)],
      ...['--db-filename', join(folder, 'temporal.db')],
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  try {
    const sdk = temporalClientIn(installed);
    const connection = await connected(sdk, address, child, logFile);
    const app = await AppProcess.start('temporal', { installed, address });
    const { workflow } = new sdk.Client({ connection });
    const startOf = (order: RunOrder) => ({ taskQueue: TASK_QUEUE, workflowId: order.id, args: [order] }) as const;
    return {
      app,
      processes: [
        { name: 'temporal-server', pid: child.pid ?? 0, part: 'engine' },
        { name: 'app with worker', pid: app.pid, part: 'engine' },
      ],
      accept: async (order) => {
        await workflow.start(WORKFLOW, startOf(order));
        return 'accepted';
      },
      complete: async (order) => Number(await workflow.execute(WORKFLOW, startOf(order))),
      counters: () => Promise.resolve({}),
      stop: async () => {
        await Promise.all([connection.close(), app.stop()]);
        await ended(child);
        process.off('exit', kill);
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

async function connected(
  sdk: TemporalClient,
  address: string,
  child: ChildProcess,
  logFile: string,
): Promise<TemporalConnection> {
  let connection: TemporalConnection | undefined;
  await until('Temporal is ready', async () => {
    if (child.exitCode !== null) throw new Error(`Temporal ended:\n${readFileSync(logFile, 'utf8')}`);
    connection = await sdk.Connection.connect({ address }).catch(() => undefined);
    return connection !== undefined;
  });
  if (connection === undefined) throw new Error('Temporal has no connection');
  return connection;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function serveTemporalApp(journal: Journal, { installed = '', address = '' }: AppSettings): Promise<string> {
  const { Runtime, DefaultLogger, NativeConnection, Worker } = temporalWorkerIn(installed);
  // Of its start, several lines and what the bundler says.
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue: TASK_QUEUE,
    workflowsPath: resolve(__dirname, 'temporal.workflow.js'),
    bundlerOptions: { webpackConfigHook: provideTemporalFrom(installed) },
    activities: {
      step: (order, before, step) => {
        journal.called();
        journal.executed(order, step);
        return Promise.resolve(valueOf(stepResult(before, step), order));
      },
    },
    sinks: {
      journal: {
        began: {
          fn: (_, order) => {
            journal.called();
            journal.began(order);
          },
        },
        ended: {
          fn: (_, order, result) => {
            journal.ended(order, result);
          },
        },
      },
    },
  });
  // A worker that fails ends the app.
  void worker.run();
  return address;
}
