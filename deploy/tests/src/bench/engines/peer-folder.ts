import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A folder of the cache for a peer's packages, which are no dependencies of ours; filled at the first time.
 * @param name with the versions in it: another version is another folder
 * @throws Error of what fills it
 */
export async function peerFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const configured = process.env['STEPWELL_CACHE_DIR'] ?? '';
  const cache = configured === '' ? join(homedir(), '.cache', 'stepwell') : configured;
  const folder = join(cache, 'bench', name);
  if (existsSync(folder)) return folder;
  // Filled under another name: what is interrupted is no installation.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** @param packages with their exact versions. @throws Error with npm's words when that fails */
export async function installFromNpm(folder: string, packages: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...packages], {
    cwd: folder,
  });
}

/** As a file in that folder would require. */
export const requireIn = (folder: string): NodeJS.Require => createRequire(join(folder, 'package.json'));
