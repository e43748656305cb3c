import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DEV } from '../stepwell-under-test';

const MODULE = 'github.com/upstash/workflow-go';
/** The newest that was tried; the module has no releases. */
const COMMIT = '6b8443241c77a21a54becd022b63a36163fbfed5';
const BUILD_LIMIT_MS = 240_000;

/** The official client for Go in a program of ours, or why there is none. */
export type GoProgram = { readonly path: string; readonly remove: () => void } | { readonly missing: string };

/**
 * Builds it. The client comes from a checkout that `STEPWELL_TEST_GO_CLIENT` names, else from the module proxy.
 *
 * Synchronous: whether tests are skipped is asked before any of them runs.
 */
export function goProgram(): GoProgram {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-go-client-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  cpSync(join(__dirname, 'go'), folder, { recursive: true });
  const checkout = process.env['STEPWELL_TEST_GO_CLIENT'];
  const wanted =
    checkout === undefined ? ['-require', `${MODULE}@${COMMIT}`] : ['-replace', `${MODULE}=${resolve(checkout)}`];
  for (const args of [
    ['mod', 'edit', ...wanted],
    ['mod', 'tidy'],
    ['build', '-o', 'program', '.'],
  ]) {
    const { status, stderr, error } = spawnSync('go', args, { cwd: folder, encoding: 'utf8', timeout: BUILD_LIMIT_MS });
    if (status === 0) continue;
    remove();
    return { missing: error ? 'there is no go' : `go ${args.join(' ')}: ${stderr.trim().split('\n').at(-1) ?? ''}` };
  }
  return { path: join(folder, 'program'), remove };
}

const execute = promisify(execFile);

/** Runs it once. @throws Error with what it said, when it fails */
export async function runGo<Answer>(path: string, engineUrl: string, args: readonly string[]): Promise<Answer> {
  const env = { ...process.env, QSTASH_URL: engineUrl, QSTASH_TOKEN: DEV.token };
  const { stdout } = await execute(path, args, { env, timeout: 60_000 });
  return JSON.parse(stdout) as Answer;
}
