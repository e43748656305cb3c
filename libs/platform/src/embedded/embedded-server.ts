import { setTimeout as delay } from 'node:timers/promises';
import {
  type ProcessExit,
  ServerStartFailed,
  type SupervisedProcess,
  type SupervisedProcessOptions,
  tailOf,
} from './supervised-process';

export interface EmbeddedServer extends SupervisedProcess {
  readonly port: number;
}

/** Whose life bounds the server's, and what becomes of its data. By default: this process's life, and it stays. */
export type ServerBounds = Pick<SupervisedProcessOptions, 'graceMs' | 'lifeline' | 'removeAfterwards'>;

const START_LIMIT_MS = 60_000;
const LOOK_AGAIN_MS = 10;

/**
 * Looks until the server shows that it is ready.
 * @throws ServerStartFailed when it ends before, with its own last words, or isn't ready within a minute (it is then stopped)
 */
export async function untilReady<T>(
  name: string,
  server: SupervisedProcess,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const early: { exit?: ProcessExit } = {};
  void server.exited.then((exit) => {
    early.exit = exit;
  });
  const deadlineMs = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const ready = await look();
    if (ready !== undefined) return ready;
    if (early.exit !== undefined) {
      const { code, signal } = early.exit;
      throw new ServerStartFailed(
        `${name} ended at once (${code === null ? (signal ?? 'unseen') : `exit code ${String(code)}`}). Its last words, from ${server.logFile}:\n${tailOf(server.logFile)}`,
        code ?? undefined,
      );
    }
    await delay(LOOK_AGAIN_MS);
  }
  await server.stop();
  throw new ServerStartFailed(`${name} was not ready within a minute. Its log is ${server.logFile}.`);
}
