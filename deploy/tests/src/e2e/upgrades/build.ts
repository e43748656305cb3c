import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(__dirname, '../../../../..');
const MAIN = 'services/standalone/dist/main.js';
const OWN_SCOPE = '@stepwell';
const COMPILES_WITHIN_MS = 600_000;

/** One version of the program, compiled. */
export interface Build {
  /** As a test's output calls it. */
  readonly name: string;
  /** Its `main.js`. */
  readonly cli: string;
}

export const CURRENT: Build = { name: 'this version', cli: join(ROOT, MAIN) };

/** Another one than the commit before: a release, say. */
const PREVIOUS = process.env['STEPWELL_TEST_PREVIOUS'] ?? 'HEAD~1';

/**
 * The commit before this one, or the one that STEPWELL_TEST_PREVIOUS names, compiled in `folder` with the packages that are installed here. Undefined where there is no such commit:
 * in a shallow clone, or without git.
 * @throws Error when it doesn't compile
 */
export async function previousBuild(folder: string): Promise<Build | undefined> {
  const commit = await git('rev-parse', '--verify', '--quiet', `${PREVIOUS}^{commit}`).catch(() => undefined);
  if (commit === undefined) return undefined;
  const archive = `${folder}.tar`;
  mkdirSync(folder, { recursive: true });
  await git('archive', '--format=tar', `--output=${archive}`, commit);
  await run('tar', ['-xf', archive, '-C', folder]);
  linkPackages(folder);
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = { cwd: folder, timeout: COMPILES_WITHIN_MS };
  await run(process.execPath, [compiler, '-b', 'services/standalone'], options);
  return { name: `the version of ${commit.slice(0, 7)}`, cli: join(folder, MAIN) };
}

async function git(...command: string[]): Promise<string> {
  const { stdout } = await run('git', command, { cwd: ROOT });
  return stdout.trim();
}

/** The packages of this working tree, but for our own, which are those of `folder`. */
function linkPackages(folder: string): void {
  const here = join(ROOT, 'node_modules');
  const there = join(folder, 'node_modules');
  mkdirSync(join(there, OWN_SCOPE), { recursive: true });
  for (const name of readdirSync(here)) {
    if (name !== OWN_SCOPE) symlinkSync(join(here, name), join(there, name));
  }
  for (const name of readdirSync(join(here, OWN_SCOPE))) {
    const source = relative(ROOT, realpathSync(join(here, OWN_SCOPE, name)));
    symlinkSync(join(folder, source), join(there, OWN_SCOPE, name));
    const nested = join(source, 'node_modules');
    if (existsSync(join(ROOT, nested)) && existsSync(join(folder, source))) {
      symlinkSync(join(ROOT, nested), join(folder, nested));
    }
  }
}
