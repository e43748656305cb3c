import { parseArgs } from 'node:util';
import { hunt } from './hunt';
import { RULES } from './judge/violations';
import { PLANTED_BUGS } from './planted';
import type { ScenarioResult } from './scenario';
import { playScenario } from './scenario';
import { Tally } from './world/tally';

/*
 * `npm run simulate`: stories until there were so many runs; the first violation ends it, with what is needed to see it again.
 *
 * --runs N         how many runs (10000)
 * --seed S         the first story's seed; the next ones count on from it
 * --replay S       that one story, with its trace
 * --planted        plants ten bugs, one after the other, and says how long each took to be found
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    replay: { type: 'string' },
    planted: { type: 'boolean', default: false },
  },
});

const HUNT_MS = 60_000;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function simulate(runs: number, seed: number): Promise<boolean> {
  const startedMs = performance.now();
  const tally = new Tally();
  let played = 0;
  let scenarios = 0;
  let bad: ScenarioResult | undefined;
  while (played < runs && !bad) {
    const result = await playScenario({ seed: (seed + scenarios) >>> 0 });
    scenarios += 1;
    played += result.runs;
    tally.add(result.tally);
    if (result.violations.length > 0) bad = result;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const [what, count] of tally.entries()) say(`${String(count).padStart(10)}  ${what}`);
  const rate = Math.round((played / seconds) * 60);
  say(`seed ${seed}: ${played} runs in ${scenarios} stories, ${seconds.toFixed(1)} s, ${rate} runs a minute`);
  say(`${bad?.violations.length ?? 0} violations`);
  if (bad) tellOf(bad);
  return bad === undefined;
}

function tellOf({ seed, climate, violations }: ScenarioResult): void {
  for (const { rule, text, atMs } of violations) {
    say(`  at ${Math.round(atMs)} ms: ${text}`);
    say(`    against the rule “${rule}”: ${RULES[rule]}`);
  }
  say(`in the story of seed ${seed} (${climate}); to see it again: npm run simulate -- --replay ${seed}`);
}

async function replay(seed: number): Promise<boolean> {
  const result = await playScenario({ seed, keepsTrace: true });
  for (const line of result.traceLines) say(line);
  say(`${result.runs} runs, climate ${result.climate}, trace ${result.traceHash}`);
  if (result.violations.length > 0) tellOf(result);
  return result.violations.length === 0;
}

async function huntAll(seed: number): Promise<boolean> {
  let areFound = true;
  for (const bug of PLANTED_BUGS) {
    const { violation, scenarios, tookMs, seed: foundBy } = await hunt(bug, seed, HUNT_MS);
    areFound &&= violation !== undefined;
    const found = violation ? `${violation.rule}: ${violation.text}` : 'NOT FOUND';
    say(
      `${bug.name.padEnd(24)} ${(tookMs / 1_000).toFixed(1).padStart(6)} s  story ${scenarios} (${foundBy})  ${found}`,
    );
  }
  return areFound;
}

async function main(): Promise<boolean> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (values.replay !== undefined) return replay(Number(values.replay));
  if (values.planted) return huntAll(seed);
  return simulate(Number(values.runs), seed);
}

main().then(
  (isWell) => {
    process.exitCode = isWell ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
    process.exitCode = 2;
  },
);
