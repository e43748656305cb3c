import { messageIds, RunScenario } from '../testing/run-scenario';
import { restarted, resumed } from '../testing/successor-scenario';
import { idInRun } from '../wire/message-id';
import { settingsOf } from './attempt.decider';
import { deliveryHeaders } from './dialects/upstash.headers';
import type { TakeOver, TakeOverOverrides } from './run.events';

const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };

const inRunOne = (): RunScenario => new RunScenario('wfr_1', 1_000_000, (n) => idInRun('msg', `m${n}`, 'wfr_1'));

function start(run: RunScenario, ...[config, more]: Parameters<RunScenario['start']>): RunScenario {
  run.start(
    { retries: 1, labels: ['a'], forwards: [['x-user', 'u']], flowControlKey: 'k', ...config },
    { callerIp: '1.2.3.4', ...more },
  );
  return run;
}

/** Fails the newest delivery to the workflow for good, and has another run take over. */
function failAndTakeOver(run: RunScenario, how: TakeOver, overrides: TakeOverOverrides = {}): RunScenario {
  run.at += 1_000;
  const ours = run.open().filter(({ kind }) => kind !== 'call');
  run.report(ours.at(-1)?.messageId ?? '', FATAL);
  run.at += 1_000;
  run.takeOver(how, overrides, { successor: 'wfr_2' });
  return run;
}

describe('overrides (12)', () => {
  const overrides: TakeOverOverrides = {
    retries: 9,
    retryDelay: '1000',
    flowControlKey: 'other',
    flowControlValue: 'rate=1',
    labels: ['b', 'c'],
    failureCallbackUrl: 'http://app/mine',
    notBeforeMs: 1_000_000,
  };

  it.each(['resume', 'restart'] as const)('replace what the run was delivered with, and keep the rest (%s)', (how) => {
    const failureCallback = { url: 'http://app/f', forwards: [['x', 'y']] as const, retries: 4 };
    const failed = failAndTakeOver(start(inRunOne(), { failureCallback, redact: 'body' }), how, overrides);
    const { config } = (how === 'resume' ? resumed(failed) : restarted(failed)).run.start;
    expect(config).toEqual({
      forwards: [['x-user', 'u']],
      redact: 'body',
      retries: 9,
      retryDelay: '1000',
      flowControlKey: 'other',
      flowControlValue: 'rate=1',
      labels: ['b', 'c'],
      failureCallback: { ...failureCallback, url: 'http://app/mine' },
    });
  });

  it.each(['resume', 'restart'] as const)('that say nothing leave everything as it was (%s)', (how) => {
    const failed = failAndTakeOver(start(inRunOne()), how);
    expect((how === 'resume' ? resumed(failed) : restarted(failed)).run.start.config).toEqual(failed.run.start.config);
  });

  it('give a failure callback to a run that had none, as the client would have asked for it', () => {
    const failed = failAndTakeOver(start(inRunOne()), 'resume', { failureCallbackUrl: 'http://app/mine' });
    const copy = resumed(failed);
    copy.report(copy.open()[0]?.messageId ?? '', FATAL);
    const [callback] = copy.open();
    expect(callback).toMatchObject({ kind: 'failure', url: 'http://app/mine' });
    if (callback) {
      expect(Object.fromEntries(deliveryHeaders(copy.run, callback))).toMatchObject({
        'upstash-workflow-is-failure': 'true',
        'upstash-workflow-failure-callback': 'true',
        'x-user': 'u',
        'upstash-label': 'a',
      });
    }
  });

  it('are for the steps of a client that repeats its configuration, too, but not for calls of others', () => {
    const failed = start(inRunOne());
    const config = { forwards: [], labels: [], retries: 0 };
    failed.record(1, {}, { features: [], config });
    failed.planBranches(2, [
      { stepType: 'Call' },
      { stepType: 'Call' },
      { stepType: 'Wait' },
      { stepType: 'Invoke' },
      { stepType: 'Run' },
    ]);
    const callback = {
      ...{ url: 'http://app/api', forwards: [], stepName: 's', stepType: 'Call', concurrent: 5 },
      settings: { retries: 0, retryDelay: '5' },
    };
    failed.call(2, 5, { settings: { retries: 2 }, callback: { ...callback, stepId: 2 } });
    const [answered = ''] = messageIds(failed.call(3, 5, { callback: { ...callback, stepId: 3 } }));
    failed.report(answered);
    failed.wait(4, { features: [], config, step: { concurrent: 5 } });
    failed.invoke(5, { features: [], config, step: { concurrent: 5 } });
    failed.report(failed.open()[0]?.messageId ?? '', FATAL);
    failed.takeOver('resume', overrides, { successor: 'wfr_2' });
    const copy = resumed(failed);
    expect(copy.open().map((each) => [each.kind, settingsOf(copy.run, each).retries])).toEqual([
      ['step', 9],
      ['call', 2],
      ['callback', 9],
    ]);
    expect(copy.run.entries[1]?.data.config).toMatchObject({ retries: 9, labels: ['b', 'c'] });
    for (const { data } of [...copy.run.waits.values(), ...copy.run.invokes.values()]) {
      expect(data.config).toMatchObject({ retries: 9 });
    }
  });
});
