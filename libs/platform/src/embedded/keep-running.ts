/**
 * Restarts a server that died unexpectedly, on its old port, so that clients find it again by themselves.
 *
 * 1. The first start's failure is the caller's: nothing is retried that never ran.
 * 2. Each further death or failed start doubles the pause, up to a limit; a minute of life starts over.
 * 3. After `stop()` nothing is started any more, and nothing that was starting stays.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedServer } from './embedded-server';
import type { ProcessExit } from './supervised-process';

export type ServerEvent =
  | { readonly event: 'died'; readonly pid: number; readonly exit: ProcessExit; readonly logFile: string }
  | { readonly event: 'restarting'; readonly attempt: number; readonly delayMs: number }
  | { readonly event: 'restarted'; readonly pid: number; readonly port: number }
  | { readonly event: 'restart-failed'; readonly attempt: number; readonly error: unknown };

export interface KeptServer<S extends EmbeddedServer> {
  /** The server as it runs now, or as it last ran while it is being restarted. */
  readonly current: S;
  /** Stops it for good. Resolves when it is gone. */
  stop(): Promise<void>;
}

export interface KeepRunningOptions<S extends EmbeddedServer> {
  /** Starts the server; `port` is that of the server that died, `undefined` at first. */
  readonly start: (port: number | undefined) => Promise<S>;
  readonly onEvent?: (event: ServerEvent) => void;
  /** Default 100 ms. */
  readonly firstDelayMs?: number;
  /** Default 5 s. */
  readonly longestDelayMs?: number;
}

const STEADY_AFTER_MS = 60_000;

export async function keepRunning<S extends EmbeddedServer>(options: KeepRunningOptions<S>): Promise<KeptServer<S>> {
  const { start, onEvent = () => undefined, firstDelayMs = 100, longestDelayMs = 5_000 } = options;
  let current = await start(undefined);
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const watch = async (): Promise<void> => {
    let attempt = 0;
    let startedAtMs = performance.now();
    for (;;) {
      const exit = await current.exited;
      if (isStopping()) return;
      onEvent({ event: 'died', pid: current.pid, exit, logFile: current.logFile });
      if (performance.now() - startedAtMs > STEADY_AFTER_MS) attempt = 0;
      for (let restarted = false; !restarted;) {
        attempt += 1;
        const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
        onEvent({ event: 'restarting', attempt, delayMs });
        await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (isStopping()) return;
        try {
          current = await start(current.port);
          startedAtMs = performance.now();
          restarted = true;
        } catch (error) {
          onEvent({ event: 'restart-failed', attempt, error });
        }
      }
      if (isStopping()) {
        await current.stop();
        return;
      }
      onEvent({ event: 'restarted', pid: current.pid, port: current.port });
    }
  };
  const watching = watch();
  return {
    get current() {
      return current;
    },
    stop: async () => {
      stopping.abort();
      await current.stop();
      await watching;
    },
  };
}
