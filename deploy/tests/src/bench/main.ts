import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { repositoryRoot } from '../house/workspaces';
import { type BenchArguments, parseArguments } from './arguments';
import { CASES } from './cases';
import type { BenchCase } from './cases/case';
import type { EngineKind } from './engines/engine';
import { engineNamed, OURS, PEERS, SCALED } from './engines';
import type { Load } from './measurements/measurement';
import { measure } from './measurements/stage';
import { profileReport } from './profile/profile-report';
import { caseReport } from './report/case-report';
import { type Facts, factsOf } from './report/facts';
import { linePlot } from './report/line-plot';
import { page, PLOTS } from './report/page';
import { isSound, type ReportedCase, type ReportedEngine, type ReportedPoint } from './report/reported';
import { plotsOf } from './report/series';
import { sitting } from './sitting';

/*
 * `npm run bench -- --case steps,latency --peers restate --runs 3 --seconds 10`, with `--page` for the results page. Exit code 1 when too many
 * runs were disturbed, 2 when one did wrong work or couldn't be made.
 */

/** Long enough for somebody’s compiler to end; whoever tests all day is not waited for. */
const QUIET_WITHIN_MS = 20_000;
const PAGE = 'deploy/docs/reference/benchmarks.md';

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const names = (all: readonly { readonly name: string }[]): string[] => all.map(({ name }) => name);
// So that what is to be done on every exit is done.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

async function main(args: readonly string[]): Promise<number> {
  const choices = { cases: names(CASES), ours: names(OURS), scaled: names(SCALED), peers: names(PEERS) };
  const wanted = parseArguments(args, choices);
  const kinds = wanted.engines.map(engineNamed);
  const facts = factsOf(args, repositoryRoot);
  write(`${facts.machine}; commit ${facts.commit}`);
  const reported: ReportedCase[] = [];
  for (const benchCase of CASES.filter(({ name }) => wanted.cases.includes(name))) {
    const points: ReportedPoint[] = [];
    const able = kinds.filter(({ leavesOut }) => leavesOut?.[benchCase.name] === undefined);
    const leftOut = kinds.flatMap(({ name, leavesOut }) => {
      const why = leavesOut?.[benchCase.name];
      return why === undefined ? [] : [{ name, why }];
    });
    for (const load of loadsOf(benchCase, wanted))
      points.push({ ...load, engines: await sit(benchCase, able, load, wanted) });
    const ofCase = { benchCase, wantedRuns: wanted.runs, leftOut, points };
    reported.push(ofCase);
    write('');
    for (const line of caseReport(ofCase)) write(line);
    write('');
  }
  const sound = reported.every(isSound);
  if (!sound) write('The machine was too busy with other things: these figures are not to be quoted.');
  if (wanted.page && sound) writePage(facts, kinds, reported);
  return sound ? 0 : 1;
}

/** @throws Error when both are varied: no plot could show that */
function loadsOf(benchCase: BenchCase, wanted: BenchArguments): Load[] {
  const { seconds, steps = benchCase.steps, inFlight = benchCase.inFlight } = wanted;
  if (steps.length > 1 && inFlight.length > 1)
    throw new Error(`${benchCase.name}: either --steps or --in-flight may be a list: give one number of the other`);
  return steps.flatMap((each) => inFlight.map((runs) => ({ seconds, steps: each, inFlight: runs })));
}

async function sit(
  benchCase: BenchCase,
  kinds: readonly EngineKind[],
  load: Load,
  { runs, profile }: BenchArguments,
): Promise<ReportedEngine[]> {
  const contestants = await sitting({ benchCase, kinds, runs, quietWithinMs: QUIET_WITHIN_MS, ...load, say: write });
  if (profile !== undefined) await profileOurs(profile, benchCase, kinds, load);
  return contestants.map(({ kind, clean, disturbed }) => ({
    name: kind.name,
    isPeer: PEERS.includes(kind),
    clean,
    disturbed,
  }));
}

function writePage(facts: Facts, kinds: readonly EngineKind[], reported: readonly ReportedCase[]): void {
  const cases = reported.map((each) => ({ lines: caseReport(each), plots: plotsOf(each) }));
  const folder = join(repositoryRoot, dirname(PAGE), PLOTS);
  // None of those of another sitting.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { file, plot } of cases.flatMap(({ plots }) => plots)) writeFileSync(join(folder, file), linePlot(plot));
  writeFileSync(join(repositoryRoot, PAGE), page(facts, kinds, cases));
  write(`written: ${PAGE}`);
}

/** One more run of each of ours. Its figures don't count: the profiler costs a good part of them. */
async function profileOurs(folder: string, benchCase: BenchCase, kinds: readonly EngineKind[], load: Load) {
  for (const kind of kinds.filter((each) => !PEERS.includes(each))) {
    const profileTo = resolve(folder, `${benchCase.name}-${kind.name}`);
    mkdirSync(profileTo, { recursive: true });
    const measurement = await measure(kind, benchCase, { ...load, profileTo });
    write(`Profile of ${kind.name} in ${benchCase.name}, in ${profileTo}`);
    write('');
    for (const line of profileReport(profileTo, benchCase.unit, measurement)) write(line);
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`);
    // At once: a driver whose engine is gone would try on for minutes.
    process.exit(2);
  },
);
