import { CASES } from './cases';
import type { BenchCase } from './cases/case';
import { OURS, SCALED } from './engines';
import type { EngineKind } from './engines/engine';
import { caseReport } from './report/case-report';
import { shown } from './report/reported';
import { plotsOf } from './report/series';
import { sitting } from './sitting';

/* Whether a sitting is one, not what it shows: on a machine that runs tests, figures are worth nothing. Without peers, which need a registry. */

const LIMIT_MS = 900_000;
const load = { seconds: 1, steps: 3, inFlight: 5 };

async function sit(benchCase: BenchCase, kinds: readonly EngineKind[]) {
  const contestants = await sitting({ ...load, benchCase, kinds, runs: 1, quietWithinMs: 0, say: () => undefined });
  const engines = contestants.map(({ kind, ...runs }) => ({ name: kind.name, ...runs }));
  return { benchCase, wantedRuns: 1, points: [{ ...load, engines }] };
}

test.each(CASES.map((each) => [each.name, each] as const))(
  'both topologies do the work of %s on both wires, and every figure is there',
  async (name, benchCase) => {
    const reported = await sit(benchCase, OURS);
    for (const engine of reported.points[0]!.engines) {
      // A busy machine costs a second try; what either showed is complete.
      const [first] = shown(engine);
      const missing = benchCase.figures.filter((figure) => !Number.isFinite(figure.of(first!)));
      expect([engine.name, missing.map(({ title }) => title)]).toEqual([engine.name, []]);
    }
    const report = caseReport(reported);
    expect(report).toContain(`## ${name}`);
    for (const line of [...OURS.map((kind) => kind.name), 'run-state', 'mongod', '(app)'])
      expect(report.some((each) => each.includes(`| ${line} `))).toBe(true);
    expect(plotsOf(reported)).toHaveLength(benchCase.curve === undefined ? 0 : 1);
  },
  LIMIT_MS,
);

test(
  'more processes do it, too',
  async () => {
    const [steps] = CASES;
    const report = caseReport(await sit(steps!, SCALED));
    for (const { name } of SCALED) expect(report.some((each) => each.includes(`| ${name} `))).toBe(true);
  },
  LIMIT_MS,
);
