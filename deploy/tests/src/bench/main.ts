import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { repositoryRoot } from '../house/workspaces';
import { parseArguments } from './arguments';
import { CASES } from './cases';
import type { BenchCase } from './cases/case';
import type { EngineKind } from './engines/engine';
import { engineNamed, OURS, PEERS } from './engines';
import { type Load, measure } from './measure';
import { profileReport } from './profile/profile-report';
import { caseReport, isSound, type ReportedCase } from './report/case-report';
import { factsOf } from './report/facts';
import { page } from './report/page';
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
  const wanted = parseArguments(args, { cases: names(CASES), ours: names(OURS), peers: names(PEERS) });
  const kinds = wanted.engines.map(engineNamed);
  const facts = factsOf(args, repositoryRoot);
  write(`${facts.machine}; commit ${facts.commit}`);
  const reported: ReportedCase[] = [];
  for (const benchCase of CASES.filter(({ name }) => wanted.cases.includes(name))) {
    const { runs, seconds, steps = benchCase.steps, inFlight = benchCase.inFlight } = wanted;
    const contestants = await sitting({
      benchCase,
      kinds,
      runs,
      quietWithinMs: QUIET_WITHIN_MS,
      seconds,
      steps,
      inFlight,
      say: write,
    });
    const engines = contestants.map(({ kind, clean, disturbed }) => ({
      name: kind.name,
      isPeer: PEERS.includes(kind),
      clean,
      disturbed,
    }));
    const { name, about, unit } = benchCase;
    const ofCase = { name, about, unit, wantedRuns: runs, steps, inFlight, seconds, engines };
    reported.push(ofCase);
    write('');
    for (const line of caseReport(ofCase)) write(line);
    write('');
    if (wanted.profile !== undefined) await profileOurs(wanted.profile, benchCase, kinds, { seconds, steps, inFlight });
  }
  const sound = reported.every(isSound);
  if (!sound) write('The machine was too busy with other things: these figures are not to be quoted.');
  if (wanted.page && sound) {
    writeFileSync(join(repositoryRoot, PAGE), page(facts, kinds, reported.map(caseReport)));
    write(`written: ${PAGE}`);
  }
  return sound ? 0 : 1;
}

/** One more run of each of ours. Its figures don't count: the profiler costs a good part of them. */
async function profileOurs(folder: string, benchCase: BenchCase, kinds: readonly EngineKind[], load: Load) {
  for (const kind of kinds.filter((each) => OURS.includes(each))) {
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
