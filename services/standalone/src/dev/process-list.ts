import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Who runs for this data folder: `processes.json`, `{name: pid}`, kept up to date over restarts, so that people (and tests) can look
 * at one of them without guessing.
 */
export class ProcessList {
  private readonly pids = new Map<string, number>();
  private readonly file: string;

  constructor(dataDir: string) {
    this.file = join(dataDir, 'processes.json');
    this.set('stepwell', process.pid);
  }

  set(name: string, pid: number | undefined): void {
    if (pid === undefined) this.pids.delete(name);
    else this.pids.set(name, pid);
    const draft = `${this.file}.draft`;
    writeFileSync(draft, `${JSON.stringify(Object.fromEntries(this.pids), undefined, 2)}\n`);
    renameSync(draft, this.file);
  }
}
