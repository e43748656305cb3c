import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { cpuUsOf } from './cpu-time';

/** From the sources for compiled code too: it isn't compiled, so that no compiler changes it. */
const LOOP = resolve(__dirname, '../../../src/bench/guards/calibration.fixture.cjs');

/** The calibration loop, in two processes of its own. */
export class Calibration {
  private constructor(
    private readonly server: ChildProcess,
    private readonly client: ChildProcess,
  ) {}

  static async start(): Promise<Calibration> {
    // What Jest or a debugger runs us with is not meant for it.
    const server = fork(LOOP, { execArgv: [] });
    const { port } = await told<{ port: number }>(server);
    const client = fork(LOOP, [String(port)], { execArgv: [] });
    await told(client);
    return new Calibration(server, client);
  }

  /** CPU time of one request and its answer, both processes together, in µs; the loop goes for so long. */
  async turn(ms: number): Promise<number> {
    const { pids } = this;
    const before = pids.map(cpuUsOf);
    const answer = told<{ units: number }>(this.client);
    this.client.send(ms);
    const { units } = await answer;
    const spent = pids.reduce((sum, pid, index) => sum + cpuUsOf(pid) - (before[index] ?? 0), 0);
    return spent / units;
  }

  get pids(): readonly number[] {
    return [this.server, this.client].map(({ pid = 0 }) => pid);
  }

  stop(): void {
    for (const child of [this.client, this.server]) child.kill('SIGKILL');
  }
}

async function told<Message>(child: ChildProcess): Promise<Message> {
  const over = new AbortController();
  const gone = once(child, 'exit', { signal: over.signal }).then(() => {
    throw new Error('the calibration loop has ended by itself');
  });
  gone.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: over.signal }), gone])) as [Message];
    return message;
  } finally {
    over.abort();
  }
}
