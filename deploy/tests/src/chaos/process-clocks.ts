import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** From `src` and from `dist` alike: a preload is no module of ours. */
const PRELOAD = resolve(__dirname, '../../src/chaos/shifted-clock.fixture.cjs');
/** It looks every 50 ms. */
const NOTICED_AFTER_MS = 100;

/** Wall clocks of the services' processes, each of which can be set wrong by itself. The product knows nothing of it. */
export class ProcessClocks {
  readonly noticedAfterMs = NOTICED_AFTER_MS;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** For every process whose clock is to be set. */
  get env(): NodeJS.ProcessEnv {
    return { NODE_OPTIONS: `--require ${JSON.stringify(PRELOAD)}`, CHAOS_CLOCKS: this.folder };
  }

  shift(pid: number | undefined, byMs: number): void {
    if (pid !== undefined) writeFileSync(join(this.folder, String(pid)), String(byMs));
  }

  putRight(pid: number | undefined): void {
    if (pid !== undefined) rmSync(join(this.folder, String(pid)), { force: true });
  }
}
