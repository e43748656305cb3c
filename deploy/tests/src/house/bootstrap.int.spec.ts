// The bootstrap on a pretended clone: npm, tsc and the program are small scripts that write down that they ran, so that
// each rule of deploy/bootstrap is seen in milliseconds and without a network.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from './workspaces';

const lock = (version: string) =>
  JSON.stringify({ packages: { '': {}, 'node_modules/left': { version }, 'node_modules/darwin': { optional: true } } });

let clone: string;
const started: ChildProcess[] = [];

function put(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

/** Its whole lines: one that is being written is none yet. */
const diary = () =>
  existsSync(join(clone, 'diary')) ? readFileSync(join(clone, 'diary'), 'utf8').split('\n').slice(0, -1) : [];

/** Commands that append their name to the diary; npm also leaves what the real one leaves. */
const note = (what: string) => `require('node:fs').appendFileSync('diary', ${what} + '\\n');`;
const fakeTsc = note("'tsc ' + process.argv.slice(2, 3)");
const fakeNpm = `${note("'npm ' + process.argv.slice(2, 4).join(' ')")}
  require('node:fs').cpSync('typescript', 'node_modules/typescript', { recursive: true });
  require('node:fs').writeFileSync('node_modules/.package-lock.json', require('node:fs').readFileSync('package-lock.json'));`;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'stepwell-bootstrap-'));
  cpSync(join(repositoryRoot, 'deploy/bootstrap'), join(clone, 'deploy/bootstrap'), { recursive: true });
  put('package-lock.json', lock('1.0.0'));
  put('npm.js', fakeNpm);
  put('typescript/bin/tsc', fakeTsc);
  put('services/standalone/dist/main.js', note("'program ' + process.argv.slice(2).join(' ')"));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(clone, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess & { text: () => string } {
  const child = spawn(process.execPath, [join(clone, 'deploy/bootstrap/bootstrap.mjs'), ...args], {
    cwd: clone,
    env: { ...process.env, npm_execpath: join(clone, 'npm.js'), NODE_ENV: 'production', NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return Object.assign(child, { text: () => text });
}

async function run(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = start(...args);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text: child.text() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a fresh clone installs with development dependencies, builds, then runs with the extra arguments', async () => {
  const { code } = await run('start', '--processes', 'five');
  expect(code).toBe(0);
  expect(diary()).toEqual(['npm ci --include=dev', 'tsc -b', 'program dev --example onboarding --processes five']);
});

test('B3: what is in place is not installed again', async () => {
  await run('prepare');
  await run('prepare');
  expect(diary()).toEqual(['npm ci --include=dev', 'tsc -b', 'tsc -b']);
});

test('a changed lock file is installed', async () => {
  await run('prepare');
  put('package-lock.json', lock('2.0.0'));
  await run('prepare');
  expect(diary().filter((line) => line.startsWith('npm'))).toHaveLength(2);
});

test('I2: an install made by hand counts, an incomplete one does not', async () => {
  cpSync(join(clone, 'typescript'), join(clone, 'node_modules/typescript'), { recursive: true });
  put('node_modules/.package-lock.json', lock('1.0.0'));
  await run('prepare');
  expect(diary()).toEqual(['tsc -b']);
  rmSync(join(clone, 'node_modules/.stepwell-installed'));
  put('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
  await run('prepare');
  expect(diary()).toEqual(['tsc -b', 'npm ci --include=dev', 'tsc -b']);
});

test('I1: a failed install is told, leaves no stamp and starts nothing', async () => {
  put('npm.js', 'process.exit(3)');
  const { code, text } = await run('start');
  expect(code).toBe(3);
  expect(text).toContain('`npm ci` failed; nothing was started.');
  expect(existsSync(join(clone, 'node_modules/.stepwell-installed'))).toBe(false);
  expect(diary()).toEqual([]);
});

test('a failed build starts nothing', async () => {
  put('typescript/bin/tsc', 'process.exit(2)');
  const { code, text } = await run('start');
  expect(code).toBe(2);
  expect(text).toContain('The build failed');
});

test('the exit code is the program’s', async () => {
  put('services/standalone/dist/main.js', 'process.exit(require.main === module ? 42 : 1)');
  expect((await run('start')).code).toBe(42);
});

test('B2: two at once install once', async () => {
  put('npm.js', `${fakeNpm} setTimeout(() => undefined, 300);`);
  const results = await Promise.all([run('prepare'), run('prepare')]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(diary().filter((line) => line.startsWith('npm'))).toHaveLength(1);
  expect(existsSync(join(clone, '.bootstrap.lock'))).toBe(false);
});

test('K2: a lock left by a process that is gone is taken over', async () => {
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'close');
  put('.bootstrap.lock', `${String(gone.pid)} 1\n`);
  expect((await run('prepare')).code).toBe(0);
});

test('a signal while preparing ends the child and starts nothing', async () => {
  put('npm.js', `${note("'npm ' + process.pid")} setInterval(() => undefined, 1000);`);
  const child = start('start');
  await until(() => diary().length === 1);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(128 + 15);
  const npmPid = Number(diary()[0]?.split(' ')[1]);
  expect(() => process.kill(npmPid, 0)).toThrow('ESRCH');
  expect(existsSync(join(clone, '.bootstrap.lock'))).toBe(false);
});

test('B1: a signal reaches the program itself', async () => {
  put(
    'services/standalone/dist/main.js',
    `process.on('SIGTERM', () => process.exit(9)); ${note("'up ' + process.pid")} setInterval(() => undefined, 1000);`,
  );
  const child = start('start');
  await until(() => diary().some((line) => line.startsWith('up')));
  expect(diary().at(-1)).toBe(`up ${String(child.pid)}`);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(9);
});

test('one Ctrl-C is one signal to the program, though npm hands on a second', async () => {
  put(
    'services/standalone/dist/main.js',
    `let count = 0;
    process.on('SIGINT', () => { count += 1; ${note("'int'")} });
    process.on('SIGTERM', () => process.exit(count));
    ${note("'up'")} setInterval(() => undefined, 1000);`,
  );
  const child = start('start');
  await until(() => diary().includes('up'));
  const seen = () => diary().filter((line) => line === 'int').length;
  child.kill('SIGINT');
  await until(() => seen() === 1);
  child.kill('SIGINT');
  // Longer than npm's copy can take; a program that saw the copy would have counted it by then.
  await new Promise((resolve) => setTimeout(resolve, 700));
  child.kill('SIGINT');
  await until(() => seen() >= 2);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
});
