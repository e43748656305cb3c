import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** Without which figures say nothing. */
export interface Facts {
  /** What was measured: a commit, and whether anything differed from it. */
  readonly commit: string;
  /** ISO, UTC, of the day. */
  readonly date: string;
  readonly machine: string;
  /** The command that makes it again. */
  readonly command: string;
}

const GIB = 1024 ** 3;

/** @throws Error outside of a git checkout */
export function factsOf(args: readonly string[], root: string): Facts {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
  const all = cpus();
  return {
    commit: `${git('rev-parse', '--short=12', 'HEAD')}${changed}`,
    date: new Date().toISOString().slice(0, 10),
    machine: [
      `${all.length} cores (${all[0]?.model.trim() ?? 'unknown'})`,
      `${Math.round(totalmem() / GIB)} GiB of memory`,
      `Linux ${release()}`,
      `Node ${process.versions.node}`,
    ].join(', '),
    command: ['npm run bench --', ...args].join(' '),
  };
}
