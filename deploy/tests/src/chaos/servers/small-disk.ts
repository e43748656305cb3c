import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Those that are mounted: nothing of them may outlive the process, however it ends. */
const mounted = new Set<string>();
process.once('exit', () => {
  for (const folder of mounted) spawnSync('umount', ['--lazy', folder]);
});

/** A disk of its own for one server, small enough to be filled: a tmpfs. Only root may have one. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** Undefined where nothing can be mounted; the folder is an ordinary one then. */
  static async mount(folder: string, megabytes: number): Promise<SmallDisk | undefined> {
    mkdirSync(folder, { recursive: true });
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
    } catch {
      return undefined;
    }
    mounted.add(folder);
    return new SmallDisk(folder);
  }

  /** To the last byte. What its server holds open and frees meanwhile is its own. */
  async fill(): Promise<void> {
    for (let nth = 0; nth < 4; nth += 1) {
      const free = this.freeBytes;
      if (free === 0) return;
      await run('fallocate', ['--length', String(free), this.ballast(nth)]).catch(() => undefined);
    }
    try {
      for (let nth = 4; this.freeBytes > 0 && nth < 64; nth += 1)
        writeFileSync(this.ballast(nth), Buffer.alloc(Math.min(this.freeBytes, 4 * 1024 * 1024)));
    } catch {
      // Full.
    }
  }

  free(): void {
    for (const name of readdirSync(this.folder))
      if (name.startsWith('ballast')) rmSync(join(this.folder, name), { force: true });
  }

  /** Keeps the logs, and nothing else. */
  async unmount(logsTo: string): Promise<void> {
    mkdirSync(logsTo, { recursive: true });
    for (const name of readdirSync(this.folder))
      if (name.includes('.log')) copyFileSync(join(this.folder, name), join(logsTo, name));
    await run('umount', ['--lazy', this.folder]);
    mounted.delete(this.folder);
  }

  private get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  private ballast(nth: number): string {
    return join(this.folder, `ballast-${nth}`);
  }
}
