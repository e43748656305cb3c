import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../e2e/until';
import { ProcessClocks } from './process-clocks';

const HOUR_MS = 3_600_000;
const TELLS_TIME = `setInterval(() => console.log(JSON.stringify([Date.now(), new Date().getTime(), process.uptime()])), 20)`;

it('sets the wall clock of one process wrong, and right again, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-clocks-'));
  const clocks = new ProcessClocks(folder);
  const child = spawn(process.execPath, ['-e', TELLS_TIME], {
    env: { ...process.env, ...clocks.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** How far off its clock is, by either way to ask for it. */
  let off: number[] = [];
  const uptimes: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [now = 0, date = 0, uptime = 0] = JSON.parse(line) as number[];
    off = [now, date].map((each) => Math.round((each - Date.now()) / HOUR_MS));
    uptimes.push(uptime);
  });
  try {
    for (const hours of [-5, 3]) {
      clocks.shift(child.pid, hours * HOUR_MS);
      await until(`it is ${hours} hours off`, () => off.join() === [hours, hours].join());
    }
    clocks.putRight(child.pid);
    await until('it is right', () => off.every((hours) => Math.abs(hours) === 0));
    expect(uptimes).toEqual([...uptimes].sort((one, other) => one - other));
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
