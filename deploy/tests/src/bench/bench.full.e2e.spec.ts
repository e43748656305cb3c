import { CASES } from './cases';
import type { BenchCase } from './cases/case';
import { OURS } from './engines';
import { figuresOf } from './figures';
import { caseReport } from './report/case-report';
import { type Contestant, sitting } from './sitting';

/* Whether a sitting is one, not what it shows: on a machine that runs tests, figures are worth nothing. Without peers, which need a registry. */

const LIMIT_MS = 600_000;
const load = { seconds: 1, steps: 3, inFlight: 5 };

const sit = (benchCase: BenchCase): Promise<Contestant[]> =>
  sitting({ ...load, benchCase, kinds: OURS, runs: 1, quietWithinMs: 0, say: () => undefined });

test.each(CASES.map((each) => [each.name, each] as const))(
  'both topologies do the work of %s, and every figure is there',
  async (name, benchCase) => {
    const contestants = await sit(benchCase);
    for (const { kind, clean, disturbed } of contestants) {
      // A busy machine costs a second try; what either showed is complete.
      const [first] = [...clean, ...disturbed].map(figuresOf);
      const { fsyncs, messages, shed, open, ...positive } = first!;
      const { foreignPercent, ...measured } = positive;
      for (const [what, value] of Object.entries(measured))
        expect([kind.name, what, value! > 0]).toEqual([kind.name, what, true]);
      expect([fsyncs! > 0, messages! >= 0, shed >= 0, open >= 0, foreignPercent >= 0]).toEqual(Array(5).fill(true));
    }
    const report = caseReport({
      ...load,
      ...benchCase,
      steps: load.steps,
      inFlight: load.inFlight,
      wantedRuns: 1,
      engines: contestants.map(({ kind, ...runs }) => ({ name: kind.name, ...runs })),
    });
    expect(report).toContain(`## ${name}`);
    for (const line of ['stepwell-one', 'stepwell-five', 'run-state', 'mongod', '(app)'])
      expect(report.some((each) => each.includes(`| ${line} `))).toBe(true);
  },
  LIMIT_MS,
);
