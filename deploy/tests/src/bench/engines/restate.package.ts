import { arch, platform } from 'node:os';
import { installFromNpm, peerFolder, requireIn } from './peer-folder';

export const RESTATE_VERSION = '1.7.12';
/** One that runs on Node 20: the newest ones need `Promise.withResolvers`. */
export const RESTATE_SDK_VERSION = '1.14.5';

/** What the bench uses of `@restatedev/restate-sdk`, which is no dependency of ours. */
export interface RestateSdk {
  service<Handlers>(definition: { readonly name: string; readonly handlers: Handlers }): unknown;
  /** `Promise.all`, as the SDK has it. */
  readonly RestatePromise: { all<T>(promises: readonly Promise<T>[]): Promise<T[]> };
  /** @returns the port that it listens on */
  serve(options: { readonly services: readonly unknown[]; readonly port: number }): Promise<number>;
}

export interface RestateContext {
  /** Executes it once, and resolves when its result is durable. */
  run<T>(name: string, action: () => T): Promise<T>;
  /** Durable, too. */
  sleep(ms: number): Promise<void>;
}

/** @returns its folder. @throws Error with npm's words when that fails */
export const installRestate = (): Promise<string> =>
  peerFolder(`restate-${RESTATE_VERSION}-${RESTATE_SDK_VERSION}`, (folder) =>
    installFromNpm(folder, [
      `@restatedev/restate-server@${RESTATE_VERSION}`,
      `@restatedev/restate-sdk@${RESTATE_SDK_VERSION}`,
    ]),
  );

/** @param folder as `installRestate` tells. @throws Error when npm has none for this platform */
export const restateServerIn = (folder: string): string =>
  requireIn(folder).resolve(`@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`);

export const restateSdkIn = (folder: string): RestateSdk => requireIn(folder)('@restatedev/restate-sdk') as RestateSdk;
