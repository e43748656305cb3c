import { bodiesOf } from '../testing/log-bodies';
import { RunScenario } from '../testing/run-scenario';
import { resumed } from '../testing/successor-scenario';
import { explain } from './explain';
import { runLogOf } from './log/run-log.view';

/*
 * Deciding and folding cost the same per event, however long the run or wide the group: a scan per event would make a step of a
 * long run slower than one of a short run. Ratios of the best of a few rounds by this process's own time, so that a busy machine
 * doesn't matter; what is linear gives about 20, a scan 400.
 */
const FEW = 200;
const MANY = 4_000;
const LINEAR = 150;
const REFUSED = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };

/** Microseconds of processor time in the fastest of some rounds; the making of what is measured isn't. */
function best<T>(make: () => T, measured: (made: T) => unknown): number {
  const rounds = Array.from({ length: 3 }, () => {
    const made = make();
    const begun = process.cpuUsage();
    measured(made);
    const { user, system } = process.cpuUsage(begun);
    return Math.max(1, user + system);
  });
  return Math.min(...rounds);
}

const growth = <T>(make: (size: number) => T, measured: (made: T, size: number) => unknown): number => {
  const [few = 1, many = 1] = [FEW, MANY].map((size) =>
    best(
      () => make(size),
      (made) => measured(made, size),
    ),
  );
  return many / few;
};

function started(): RunScenario {
  const run = new RunScenario();
  run.start({ retryDelay: '1000' });
  return run;
}

function sequential(run: RunScenario, steps: number): RunScenario {
  for (let step = 1; step <= steps; step += 1) run.record(step);
  return run;
}

function grouped(size: number): RunScenario {
  const run = started();
  run.plan(1, size);
  return run;
}

function joined(run: RunScenario, size: number): RunScenario {
  for (let step = size; step >= 1; step -= 1) run.record(step, { concurrent: size });
  return run;
}

describe('the cost of an event', () => {
  it('does not grow with the steps before it', () => {
    expect(growth(started, sequential)).toBeLessThan(LINEAR);
  });

  it('does not grow with the history that is folded', () => {
    expect(
      growth(
        (size) => sequential(started(), size),
        (run) => run.refolded(),
      ),
    ).toBeLessThan(LINEAR);
  });

  it('does not grow with the size of its group, nor of the group before', () => {
    expect(growth(grouped, joined)).toBeLessThan(LINEAR);
    expect(
      growth(
        (size) => joined(grouped(size), size),
        (run, size) => run.plan(size + 1, size),
      ),
    ).toBeLessThan(LINEAR);
  });

  it('does not grow with what is open when the run ends', () => {
    const retrying = (size: number): RunScenario => {
      const run = grouped(size);
      for (const { messageId } of run.open()) run.report(messageId, { status: 500 });
      return run;
    };
    expect(growth(retrying, (run) => run.cancel())).toBeLessThan(LINEAR);
  });

  it('does not grow with the waits of a group, whether they are asked for, told, or dropped at the end', () => {
    const wait = (run: RunScenario, size: number): RunScenario => {
      for (let step = 1; step <= size; step += 1) {
        run.wait(step, { eventId: `event-${step}`, step: { concurrent: size } });
      }
      return run;
    };
    const live = (run: RunScenario, size: number): void => {
      for (const messageId of wait(run, size).run.waits.keys()) run.waitEnded(messageId, 'x');
    };
    expect(growth(grouped, live)).toBeLessThan(LINEAR);
    expect(
      growth(
        (size) => wait(grouped(size), size),
        (run) => run.cancel(),
      ),
    ).toBeLessThan(LINEAR);
  });

  it('does not grow with the run that is taken over', () => {
    const failed = (size: number): RunScenario => {
      const run = grouped(size);
      for (let step = 1; step < size; step += 2) {
        run.invoke(step, { step: { concurrent: size } });
        run.record(step + 1, { concurrent: size });
      }
      run.plan(size + 1, 2);
      const [last] = run.open().slice(-1);
      run.report(last?.messageId ?? '', REFUSED);
      run.takeOver('resume', {}, { successor: 'wfr_2' });
      return run;
    };
    expect(growth(failed, (run) => resumed(run, Array(run.run.version).fill(50)))).toBeLessThan(LINEAR);
  });

  it('does not grow with what is explained', () => {
    const waiting = (size: number): RunScenario => {
      const run = grouped(size);
      for (let step = 1; step <= size; step += 2) run.wait(step, { timeoutMs: step, step: { concurrent: size } });
      return run;
    };
    expect(growth(waiting, (run) => explain(run.run))).toBeLessThan(LINEAR);
  });

  it('does not grow with the log that is shown', () => {
    const shown = (run: RunScenario): unknown => runLogOf(run.run, bodiesOf(run));
    expect(growth((size) => joined(grouped(size), size), shown)).toBeLessThan(LINEAR);
    expect(growth((size) => sequential(started(), size), shown)).toBeLessThan(LINEAR);
  });
});
