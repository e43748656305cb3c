/**
 * The program of the supervisor, a small process between us and a server. Kept as text and run by `node -e`, so that it is
 * there in every form we run in: compiled, under Jest, bundled into one file.
 *
 * 1. The server never outlives its lifeline: the parent's pipe as stdin, or a socket that is held open elsewhere. The
 *    kernel closes either when its holder dies, even by kill -9.
 * 2. SIGTERM first, SIGKILL after the grace.
 * 3. It tells the server's pid and its end as JSON lines on stdout, and survives that nobody reads them any more.
 */
export interface SupervisorTask {
  readonly command: string;
  readonly args: readonly string[];
  readonly graceMs: number;
  /** Path of a socket to hold on to instead of stdin. */
  readonly lifeline: string | undefined;
  /** Folder to remove once the server has ended. */
  readonly removeAfterwards: string | undefined;
}

export type SupervisorReport =
  | { readonly report: 'started'; readonly pid: number }
  | { readonly report: 'failed'; readonly message: string }
  | { readonly report: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null };

export const SUPERVISOR_SCRIPT = `
const { spawn } = require('node:child_process');
const task = JSON.parse(process.argv[1]);
const report = (line, then) => process.stdout.write(JSON.stringify(line) + '\\n', then);
process.stdout.on('error', () => {});
const leave = (line) => {
  if (task.removeAfterwards) require('node:fs').rmSync(task.removeAfterwards, { recursive: true, force: true });
  report(line, () => process.exit());
};
const server = spawn(task.command, task.args, { stdio: ['ignore', 2, 2] });
server.once('spawn', () => report({ report: 'started', pid: server.pid }));
server.once('error', (error) => { if (server.pid === undefined) leave({ report: 'failed', message: error.message }); });
server.once('exit', (code, signal) => leave({ report: 'ended', code, signal }));
let ending = false;
const end = () => {
  if (ending) return;
  ending = true;
  server.kill(task.graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  setTimeout(() => server.kill('SIGKILL'), task.graceMs);
};
const lifeline = task.lifeline
  ? require('node:net').connect({ path: task.lifeline, allowHalfOpen: true })
  : process.stdin;
for (const sign of ['end', 'close', 'error']) lifeline.on(sign, end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
lifeline.resume();
`;
