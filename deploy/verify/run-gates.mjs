// Runs gates side by side. What one says is written when it is over, so that no two mix; one that runs alone writes at once.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * All of them, even when one fails; those that run alone come last.
 *
 * @param {import('./gates.mjs').Gate[]} gates
 * @param {{ root: string, atOnce: number }} options
 * @returns {Promise<(import('./gates.mjs').Gate & { passed: boolean, seconds: number })[]>} in the order of `gates`
 */
export async function runGates(gates, { root, atOnce }) {
  const runs = new Map();
  const run = async (gate) => {
    await runs.get(gate.after);
    const startedAtMs = performance.now();
    const output = gate.alone ? 'inherit' : [];
    if (gate.alone) announce(gate);
    const passed = await passes(gate, root, output);
    if (!gate.alone) {
      announce(gate);
      for (const piece of output) process.stdout.write(piece);
    }
    return { ...gate, passed, seconds: (performance.now() - startedAtMs) / 1000 };
  };

  const waiting = gates.filter(({ alone }) => !alone);
  const lane = async () => {
    for (let gate = waiting.shift(); gate; gate = waiting.shift()) {
      const running = run(gate);
      runs.set(gate.name, running);
      await running;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  for (const gate of gates.filter(({ alone }) => alone)) {
    runs.set(gate.name, run(gate));
    await runs.get(gate.name);
  }
  return Promise.all(gates.map(({ name }) => runs.get(name)));
}

const announce = ({ name }) => process.stdout.write(`\n── ${name}\n`);

async function passes({ commands }, root, output) {
  for (const [tool, ...args] of commands) if ((await exitCode(tool, args, root, output)) !== 0) return false;
  return true;
}

function exitCode(tool, args, root, output) {
  const stdio = output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn(join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => output.push(piece));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
