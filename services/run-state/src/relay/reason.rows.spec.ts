import type { RunRow } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import { TestClock } from '@stepwell/platform';
import { runKey } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import { Stream } from '../partition/stream';
import { ReasonRows } from './reason.rows';

/** A run in memory, every entry committed at once. */
class LiveRun {
  readonly scenario = new RunScenario('wfr_1');
  readonly stream = new Stream(runKey('wfr_1'));
  failure: Error | undefined;
  readonly host = {
    tenure: { partition: 7 },
    stream: () => (this.failure ? Promise.reject(this.failure) : Promise.resolve(this.stream)),
  } as unknown as PartitionHost;
  private folded = 0;

  constructor(private readonly reasons: ReasonRows) {
    this.commit((scenario) => scenario.start());
  }

  commit(happens: (scenario: RunScenario) => unknown): void {
    happens(this.scenario);
    for (const { version, at, events } of this.scenario.history.slice(this.folded)) {
      this.stream.evolve(version, at, events);
    }
    this.folded = this.scenario.history.length;
    // Owed with the start, and so written.
    this.stream.row ??= this.stream.rowNow(7);
    this.reasons.note(this.host, this.stream);
  }
}

describe('what runs wait for, in their rows (L9)', () => {
  const setUp = () => {
    const written: RunRow[] = [];
    const clock = new TestClock();
    const reasons = new ReasonRows({ write: (row) => written.push(row) }, clock);
    const run = new LiveRun(reasons);
    const said = () => written.map(({ version, waitingFor }) => [version, waitingFor]);
    return { clock, reasons, run, said };
  };

  it('are known a second after they began, and not before', async () => {
    const { clock, run, said } = setUp();
    await clock.advance(3_000);
    run.commit((scenario) => scenario.wait(1));
    await clock.advance(900);
    expect(said()).toEqual([]);
    await clock.advance(1_200);
    expect(said()).toEqual([[2, 'event']]);
    await clock.advance(10_000);
    expect(said()).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are not written while they stay the same: a run of quick steps costs no rows', async () => {
    const { clock, run, said } = setUp();
    for (let step = 1; step <= 20; step += 1) {
      run.commit((scenario) => scenario.record(step));
      await clock.advance(300);
    }
    await clock.advance(5_000);
    expect(said()).toEqual([]);
  });

  it('follow a run that moves all the time', async () => {
    const { clock, run, said } = setUp();
    run.commit((scenario) => scenario.wait(1));
    await clock.advance(2_000);
    run.commit((scenario) => scenario.waitEnded('msg_2', '1'));
    for (let step = 2; step <= 10; step += 1) {
      await clock.advance(400);
      run.commit((scenario) => scenario.record(step));
    }
    expect(said()).toEqual([
      [2, 'event'],
      [expect.any(Number), 'delivery'],
    ]);
  });

  it('of a run that ended within the second are nobody’s business', async () => {
    const { clock, run, said } = setUp();
    run.commit((scenario) => scenario.wait(1));
    run.commit((scenario) => scenario.finish());
    await clock.advance(5_000);
    expect(said()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are those of committed state', async () => {
    const { clock, run, said } = setUp();
    run.commit((scenario) => scenario.wait(1));
    run.stream.isCommitted = false;
    await clock.advance(3_000);
    expect(said()).toEqual([]);
    run.stream.isCommitted = true;
    await clock.advance(1_000);
    expect(said()).toEqual([[2, 'event']]);
  });

  it('are written at an orderly end, whether they have held or not', async () => {
    const { reasons, run, said } = setUp();
    run.commit((scenario) => scenario.wait(1));
    await reasons.flush();
    expect(said()).toEqual([[2, 'event']]);
  });

  it('are left to the next owner when the partition is lost', async () => {
    const { clock, run, said } = setUp();
    run.commit((scenario) => scenario.wait(1));
    run.failure = new Error('not held');
    await clock.advance(5_000);
    expect([said(), clock.pendingTimers]).toEqual([[], 0]);
  });
});
