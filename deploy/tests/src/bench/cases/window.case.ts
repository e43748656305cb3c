import { cpu, processCosts, windowFigures } from '../figures';
import { completeRun } from '../measurements/complete-run';
import { measureWindow, type WindowPlan } from '../measurements/window';
import type { Work } from '../work/work';
import type { BenchCase } from './case';

interface WindowCase
  extends
    Pick<BenchCase, 'name' | 'about' | 'unit' | 'steps' | 'inFlight'>,
    Partial<Pick<BenchCase, 'figures'>>,
    Pick<WindowPlan, 'done'>,
    Partial<Pick<WindowPlan, 'turn'>> {
  work?(steps: number): Work;
}

/** A case in which as many runs are in flight as wanted, for as long as wanted. */
export const windowCase = ({
  turn = completeRun,
  done,
  work = (steps) => ({ steps }),
  ...said
}: WindowCase): BenchCase => ({
  loadText: ({ steps, inFlight, seconds }) => `${steps} steps a run, ${inFlight} in flight, ${seconds} s each`,
  figures: windowFigures(said.unit),
  processFigures: processCosts(said.unit),
  cost: cpu(said.unit),
  measure: (stage) => measureWindow(stage, { turn, done, work: work(stage.load.steps) }),
  ...said,
});
