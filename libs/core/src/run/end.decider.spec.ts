import { messageIds, RunScenario } from '../testing/run-scenario';

function started(): RunScenario {
  const run = new RunScenario();
  run.start({ failureCallback: { url: 'http://app/api', forwards: [] } });
  return run;
}

describe('finishing a run', () => {
  it('keeps the result, drops what was still to be delivered, and tells row and public', () => {
    const run = started();
    run.plan(1, 2);
    run.at += 10;
    run.finish('"done"');
    expect(run.run).toMatchObject({ status: 'succeeded', completedAt: run.at, result: { body: { sizeBytes: 6 } } });
    expect(run.open()).toEqual([]);
    expect(run.lastChanges.owed.map((each) => each.obligation)).toEqual([{ type: 'WriteRow' }, { type: 'Announce' }]);
    expect(run.lastChanges.settled).toHaveLength(2);
  });

  it('keeps no result where there is none', () => {
    const run = started();
    run.finish();
    expect(run.run.result).toBeUndefined();
    expect(run.run.status).toBe('succeeded');
  });

  it('refuses nobody: an unknown run is as good as finished (7.8)', () => {
    expect(new RunScenario().finish('1')).toEqual({ accepted: [], answer: {} });
  });

  it('stays quiet on an ended run, however it ended', () => {
    for (const end of [finished, cancelled, failed]) {
      const run = end();
      const history = run.history.length;
      expect(run.finish('2')).toEqual({ accepted: [], answer: {} });
      expect(run.history).toHaveLength(history);
    }
  });

  it('ignores the last delivery’s own answer, which comes after (7.8)', () => {
    const run = started();
    const [last = ''] = messageIds(run.record(1));
    run.finish('1');
    expect(run.report(last)).toMatchObject({ accepted: [] });
    expect(run.report(last, { status: 500 })).toMatchObject({ accepted: [] });
    expect(run.run.status).toBe('succeeded');
  });
});

describe('cancelling a run', () => {
  it('drops everything that waits or is under way, and calls nobody back (8.8)', () => {
    const run = started();
    run.plan(1, 3, 'Call');
    run.call(1, 3);
    const [, , second = ''] = run.run.entries.map((entry) => entry.messageId);
    run.report(second, { status: 500 });
    run.cancel();
    expect(run.run.status).toBe('cancelled');
    expect(run.open()).toEqual([]);
    expect(run.run.failureCallback).toBeUndefined();
    expect(run.lastChanges.owed.map((each) => each.obligation)).toEqual([
      { type: 'CancelTimer', timerId: `wfr_1/${second}/1` },
      { type: 'WriteRow' },
      { type: 'Announce' },
    ]);
    expect(run.owed('SetTimer')).toEqual([]);
  });

  it('refuses an unknown run', () => {
    expect(new RunScenario().cancel()).toMatchObject({ refused: 'UNKNOWN_RUN' });
  });

  it('stays quiet on an ended run, and says so', () => {
    for (const end of [finished, cancelled, failed]) {
      const run = end();
      const history = run.history.length;
      expect(run.cancel()).toEqual({ accepted: [], answer: { cancelled: false } });
      expect(run.history).toHaveLength(history);
    }
  });

  it('takes no answer of a call that was running', () => {
    const run = started();
    const [call = ''] = messageIds(run.call(1));
    run.cancel();
    expect(run.report(call)).toMatchObject({ accepted: [] });
    expect(run.open()).toEqual([]);
  });
});

function finished(): RunScenario {
  const run = started();
  run.finish('1');
  return run;
}

function cancelled(): RunScenario {
  const run = started();
  run.cancel();
  return run;
}

function failed(): RunScenario {
  const run = new RunScenario();
  run.start({ retries: 0 });
  run.report('msg_1', { status: 500 });
  expect(run.run.status).toBe('failed');
  return run;
}
