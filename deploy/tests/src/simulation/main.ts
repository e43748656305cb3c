import { parseArgs } from 'node:util';
import { playScenario, RUNS_PER_SCENARIO } from './scenario';
import { Tally } from './world/tally';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.scenario !== undefined) {
    const result = await playScenario({ seed: Number(values.scenario), keepsTrace: values.trace });
    process.stdout.write(result.traceLines.map((l) => `${l}\n`).join(''));
    process.stdout.write(
      `${result.climate} ${result.runs} ${result.traceHash} ${JSON.stringify(result.violations, null, 1)}\n`,
    );
    return;
  }
  const runs = Number(values.runs);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const tally = new Tally();
  const startedMs = performance.now();
  let done = 0;
  let violations = 0;
  for (let number = 0; done < runs; number += 1) {
    const result = await playScenario({ seed: (seed + number) >>> 0 });
    done += Math.max(1, result.runs);
    tally.add(result.tally);
    for (const { rule, text } of result.violations)
      process.stdout.write(`${result.seed} ${result.climate} ${rule}: ${text.slice(0, 300)}\n`);
    violations += result.violations.length;
  }
  const minutes = (performance.now() - startedMs) / 60_000;
  for (const [what, count] of tally.entries()) process.stdout.write(`${what.padEnd(40)} ${count}\n`);
  process.stdout.write(
    `${done} runs, ${violations} violations, ${Math.round(done / minutes)} runs/min seed ${seed} ${RUNS_PER_SCENARIO}\n`,
  );
}

void main();
