import { installFromNpm, peerFolder, requireIn } from './peer-folder';

export const DBOS_VERSION = '5.3.0';

/** What the bench uses of `@dbos-inc/dbos-sdk`, which is no dependency of ours. */
export interface Dbos {
  setConfig(config: { readonly name: string; readonly systemDatabaseUrl: string; readonly logLevel: string }): void;
  registerWorkflow<Input, Result>(
    workflow: (input: Input) => Promise<Result>,
    options: { readonly name: string },
  ): (input: Input) => Promise<Result>;
  launch(): Promise<void>;
  /** Executes it once, and resolves when its result is durable. */
  runStep<T>(action: () => Promise<T>, options: { readonly name: string }): Promise<T>;
  /** Durable, too. */
  sleep(ms: number): Promise<void>;
  /** Resolves when the start is durable. */
  startWorkflow<Input, Result>(
    workflow: (input: Input) => Promise<Result>,
    options: { readonly workflowID: string },
  ): (input: Input) => Promise<{ getResult(): Promise<Result> }>;
}

/** What the bench uses of `pg`, which DBOS brings along. */
export interface Pg {
  readonly Client: new (options: { readonly connectionString: string }) => PgClient;
}

interface PgClient {
  connect(): Promise<void>;
  query(text: string): Promise<{ readonly rows: readonly Readonly<Record<string, string>>[] }>;
  end(): Promise<void>;
}

/** @returns its folder. @throws Error with npm's words when that fails */
export const installDbos = (): Promise<string> =>
  peerFolder(`dbos-${DBOS_VERSION}`, (folder) => installFromNpm(folder, [`@dbos-inc/dbos-sdk@${DBOS_VERSION}`]));

/** @param folder as `installDbos` tells */
export const dbosIn = (folder: string): Dbos =>
  (requireIn(folder)('@dbos-inc/dbos-sdk') as { readonly DBOS: Dbos }).DBOS;

export const pgIn = (folder: string): Pg => requireIn(folder)('pg') as Pg;
