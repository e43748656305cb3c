import { lookup } from 'node:dns/promises';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CacheFiller } from '../binary-resolver';
import { runTool } from '../tool-run';

const VERSION = '8.2.6';
const DNS_LIMIT_MS = 2_000;

/**
 * MongoDB's own build for this platform, by mongodb-memory-server-core (which knows the right archive and checks its
 * checksum). In a process of its own: it reads its settings from the environment and reports on stdout.
 */
export const officialMongodSource: CacheFiller = {
  source: `official MongoDB build ${VERSION}`,
  entry: `official-${VERSION}`,
  async fill(folder, onProgress) {
    const downloader = findDownloader();
    const host = new URL(process.env['MONGOMS_DOWNLOAD_MIRROR'] ?? 'https://fastdl.mongodb.org').hostname;
    await assertResolvable(host);
    const work = await mkdtemp(join(folder, 'official-'));
    const run = await runTool(process.execPath, ['-e', DOWNLOAD_SCRIPT, downloader, work, VERSION], {
      timeoutMs: 900_000,
      env: { ...process.env, MONGOMS_MAX_RETRIES: '1', MONGOMS_RUNTIME_DOWNLOAD: 'true' },
      onOutput: everySoOften(2_000, (line) => {
        if (!line.startsWith(BINARY_MARK)) onProgress(line);
      }),
    });
    const binary = run.stdout.split('\n').find((line) => line.startsWith(BINARY_MARK));
    if (run.code !== 0 || binary === undefined) throw new Error(`download failed: ${run.lastWords}`);
    await copyFile(binary.slice(BINARY_MARK.length), join(folder, 'mongod'));
    await rm(work, { recursive: true });
  },
};

const BINARY_MARK = 'binary=';

const DOWNLOAD_SCRIPT = `
const [downloader, downloadDir, version] = process.argv.slice(1);
require(downloader).MongoBinary.getPath({ downloadDir, version, checkMD5: true }).then(
  (path) => console.log('\\n${BINARY_MARK}' + path),
  (error) => { console.error(error.message.split('\\n')[0]); process.exit(1); },
);
`;

function findDownloader(): string {
  try {
    return require.resolve('mongodb-memory-server-core');
  } catch {
    throw new Error('its downloader, mongodb-memory-server-core, is not installed');
  }
}

/** A closed network answers the name late or never; the downloader would spend far longer on finding out. */
async function assertResolvable(host: string): Promise<void> {
  const limit = new AbortController();
  const answered = await Promise.race([
    lookup(host).then(
      () => true,
      () => false,
    ),
    delay(DNS_LIMIT_MS, false, { signal: limit.signal }),
  ]);
  limit.abort();
  if (!answered) throw new Error(`the name ${host} can't be resolved here`);
}

function everySoOften(periodMs: number, tell: (line: string) => void): (line: string) => void {
  let lastAtMs = -Infinity;
  return (line) => {
    const nowMs = performance.now();
    if (nowMs - lastAtMs < periodMs) return;
    lastAtMs = nowMs;
    tell(line);
  };
}
