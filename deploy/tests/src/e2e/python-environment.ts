import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const INSTALL_LIMIT_MS = 240_000;

export type PythonEnvironment = { readonly python: string } | { readonly missing: string };

/**
 * Python with what a requirements.txt names, in a folder under the user's cache that later runs find again.
 *
 * Synchronous: whether tests are skipped is asked before any of them runs.
 */
export function pythonEnvironment(requirements: string): PythonEnvironment {
  const version = spawnSync('python3', ['-c', 'import sys, venv; print(sys.version)'], { encoding: 'utf8' });
  if (version.error) return { missing: 'there is no python3' };
  if (version.status !== 0) return { missing: 'python3 has no venv' };
  const wanted = createHash('sha256').update(version.stdout).update(readFileSync(requirements)).digest('hex');
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'stepwell', 'tests', `python-${wanted.slice(0, 16)}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { python };

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  for (const [program, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, pip],
  ] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_LIMIT_MS });
    if (status !== 0) return { missing: `${args[1]} failed: ${lastLine(stderr)}` };
  }
  writeFileSync(complete, '');
  return { python };
}

const lastLine = (text: string | null): string => text?.trim().split('\n').at(-1) ?? 'no answer';
