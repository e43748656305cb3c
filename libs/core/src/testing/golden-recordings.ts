import type { Invoker, TakeOver } from '../run/run.events';
import type { Delivery } from '../run/run.state';
import { idInRun } from '../wire/message-id';
import type { TriggerConfig } from '../wire/submission';
import { messageIds, RunScenario } from './run-scenario';
import { restarted, resumed } from './successor-scenario';

/*
 * Runs that golden histories were recorded from (run/golden). One is recorded once, under its name, and never again: to cover
 * something new, add a new one.
 */

const MS_OF_DAY = 86_400_000;
const TRIGGERED_AT = 1_795_340_000_000;
const utf8 = new TextEncoder();
const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value));
const SDK = [['upstash-workflow-sdk-version', '1']] as const;
const FAILURE_CALLBACK = {
  url: 'https://app.example/api/onboarding',
  forwards: [
    ['upstash-workflow-is-failure', 'true'],
    ['upstash-workflow-failure-callback', 'true'],
  ],
  retries: 1,
} as const;
const REFUSED = {
  status: 489,
  headers: [['upstash-nonretryable-error', 'true']] as const,
  body: json({ message: 'no' }),
};

export const recordings: Readonly<Record<string, () => RunScenario>> = {
  onboarding: () => {
    const run = new RunScenario('wfr_onboarding', TRIGGERED_AT);
    run.start(
      {
        forwards: [['authorization', 'Bearer user']],
        labels: ['onboarding', 'eu'],
        retries: 2,
        retryDelay: 'pow(2, retried) * 1000',
        failureCallback: FAILURE_CALLBACK,
        redact: 'header[authorization]',
      },
      { callerIp: '203.0.113.7', forwards: [['authorization', 'Bearer user'], ...SDK] },
    );
    run.at += 40;
    run.record(1, { stepName: 'welcome mail' });
    run.at += 15;
    run.record(2, { stepName: 'wait', stepType: 'SleepFor' }, { delayMs: 3 * MS_OF_DAY });
    wake(run);
    run.at += 30;
    const [call = ''] = messageIds(
      run.call(3, 1, { destination: 'https://ai.example/v1/chat', timeoutMs: 30_000, settings: { retries: 2 } }),
    );
    run.at += 900;
    run.report(call, { status: 529, headers: [['retry-after', '2']], body: json({ error: 'overloaded' }) });
    wake(run);
    run.at += 1_200;
    run.report(call, { headers: [['content-type', 'application/json']], body: json({ text: 'Hello' }) });
    run.at += 25;
    run.record(3, { stepName: 'ai text', stepType: 'Call' });
    run.at += 35;
    run.record(4, { stepName: 'follow-up mail' });
    run.at += 12;
    run.finish('{"mails":2}');
    return run;
  },

  parallel: () => {
    const run = new RunScenario('wfr_parallel', TRIGGERED_AT);
    run.start({}, { delayMs: 10_000 });
    wake(run);
    run.record(1, { stepName: 'download' });
    run.at += 20;
    const [thumbnail = ''] = messageIds(
      run.planBranches(2, [{ stepType: 'Run' }, { stepType: 'Call' }, { stepType: 'SleepFor', delayMs: 1_000 }]),
    );
    run.at += 5;
    const [call = ''] = messageIds(run.call(3, 3));
    run.at += 5;
    run.report(thumbnail, { error: { code: 'DELIVERY_TIMEOUT', message: 'the destination did not answer in time' } });
    run.at += 5;
    // The slow attempt's submission comes after it was given up.
    const [discarded = ''] = messageIds(run.record(2, { concurrent: 3 }));
    run.report(discarded);
    run.at += 300;
    run.report(call, { status: 204 });
    run.record(3, { stepType: 'Call', concurrent: 3 });
    wake(run);
    run.record(4, { stepType: 'SleepFor', concurrent: 3 });
    run.at += 10;
    run.record(5, { stepName: 'upload' }, { contentType: 'text/plain' });
    run.finish();
    return run;
  },

  'failed-with-callback': () => {
    const run = new RunScenario('wfr_failed', TRIGGERED_AT);
    run.start({ retries: 1, retryDelay: '500', failureCallback: FAILURE_CALLBACK });
    run.record(1, { stepName: 'reserve' });
    run.at += 30;
    reportOpen(run, {
      status: 500,
      headers: [['upstash-error-step-name', 'pay']],
      body: json({ message: 'declined' }),
    });
    wake(run);
    run.at += 30;
    reportOpen(run, {
      status: 500,
      headers: [['upstash-error-step-name', 'pay']],
      body: json({ message: 'declined' }),
    });
    run.at += 30;
    reportOpen(run, { status: 503 });
    wake(run);
    run.at += 30;
    reportOpen(run, { body: json({ result: 'refunded' }) });
    return run;
  },

  'failed-without-function': () => {
    const run = new RunScenario('wfr_no_function', TRIGGERED_AT);
    run.start({ failureCallback: FAILURE_CALLBACK });
    const plans = messageIds(run.plan(1, 3));
    run.record(1, { concurrent: 3 });
    run.at += 8;
    run.report(plans[2] ?? '', {
      status: 489,
      headers: [['upstash-nonretryable-error', 'true']],
      body: json({ message: 'no' }),
    });
    reportOpen(run, { headers: [['upstash-workflow-failure-callback-notfound', 'true']] });
    return run;
  },

  cancelled: () => {
    const run = new RunScenario('wfr_cancelled', TRIGGERED_AT);
    run.start();
    const plans = messageIds(
      run.planBranches(1, [{ stepType: 'SleepUntil', delayMs: MS_OF_DAY }, { stepType: 'Run' }]),
    );
    run.at += 50;
    run.report(plans[1] ?? '', { status: 500, body: json({ message: 'try again' }) });
    run.at += 50;
    run.cancel();
    return run;
  },

  retries: () => {
    const run = new RunScenario('wfr_retries', TRIGGERED_AT);
    run.start();
    reportOpen(run, { error: { code: 'CONNECTION_FAILED', message: 'the destination could not be reached' } });
    wake(run);
    reportOpen(run, { status: 500, body: json({ error: 'Error', message: '{"error":"down","code":"UNAVAILABLE"}' }) });
    wake(run);
    reportOpen(run, {});
    wake(run);
    reportOpen(run, { status: 429, headers: [['retry-after', '6m5s']] });
    wake(run);
    run.record(1, {}, { notBeforeMs: 1 });
    reportOpen(run, { status: 302, headers: [['location', 'https://elsewhere.example/']] });
    return run;
  },

  'client-that-repeats-its-configuration': () => {
    const run = new RunScenario('wfr_old_client', TRIGGERED_AT);
    const features = ['LazyFetch', 'InitialBody'];
    const config = { forwards: [['x-tenant', 'acme']] as const, labels: [], retries: 5, flowControlKey: 'k' };
    run.start(config, { features });
    run.record(1, {}, { features, config: { ...config, flowControlValue: 'rate=1' } });
    run.submit([stepWithBlob(features)], [{ blob: 'a'.repeat(64), sizeBytes: 5_000_000 }]);
    reportOpen(run, { status: 500 });
    return run;
  },

  waits: () => {
    const run = begun('wfr_waits');
    run.openMailbox('evt_hook');
    run.at += 20;
    const [first = ''] = messageIds(run.wait(1, { eventId: 'order-1/paid', timeoutMs: 7 * MS_OF_DAY }));
    run.at += 90_000;
    run.waitEnded(first, '{"amount":5}', 'order-1/paid');
    run.at += 20;
    run.planBranches(2, [{ stepType: 'Wait' }, { stepType: 'WaitForWebhook' }, { stepType: 'Run' }]);
    const step = { concurrent: 3 };
    const late = { timeoutMs: 10_000, timeoutUrl: 'https://app.example/api/late' };
    const [second = ''] = messageIds(run.wait(2, { ...late, eventId: 'order-1/sent', step, fields: { method: null } }));
    const hook = { ...step, stepType: 'WaitForWebhook' };
    const repeated = { features: ['LazyFetch'], config: { forwards: [], labels: [], retries: 7 } };
    const [third = ''] = messageIds(run.wait(3, { ...repeated, eventId: 'evt_hook', step: hook }));
    run.at += 5;
    run.waitEnded(third, new Uint8Array([0xff]), 'evt_hook');
    run.at += 10_000;
    run.waitEnded(second, null, 'order-1/sent');
    run.record(4, step);
    run.at += 10;
    run.wait(5, { eventId: 'never' });
    run.at += 10;
    run.cancel();
    return run;
  },

  invokes: () => {
    const run = begun(
      'wfr_parent',
      {},
      {
        ...{ runId: 'wfr_grandparent', workflowUrl: 'https://app.example/api/first', runCreatedAt: TRIGGERED_AT - 900 },
        ...{ messageId: 'msg_i.wfr_grandparent', startedAt: TRIGGERED_AT - 80 },
      },
    );
    const [first = ''] = messageIds(run.invoke(1, {}, 'wfr_kid_1'));
    run.at += 700;
    run.childEnded(first, '{"ok":true}', 'succeeded', 'wfr_kid_1');
    run.planBranches(2, [{ stepType: 'Invoke' }, { stepType: 'Invoke' }, { stepType: 'Run' }]);
    const step = { concurrent: 3 };
    const [second = ''] = messageIds(run.invoke(2, { step }, 'wfr_kid_2'));
    const [third = ''] = messageIds(run.invoke(3, { step }, 'wfr_kid_3'));
    run.at += 30;
    run.childEnded(third, undefined, 'failed', 'wfr_kid_3');
    reportOpen(run, REFUSED);
    run.at += 400;
    run.childEnded(second, '2', 'succeeded', 'wfr_kid_2');
    return run;
  },

  'continued-start': () => {
    const run = new RunScenario('wfr_rest', TRIGGERED_AT, freshIds('wfr_rest'));
    run.start(
      { forwards: [['x-user', 'u']] },
      { restTrigger: 'ask', forwards: [['x-user', 'u']], callerIp: '203.0.113.7' },
    );
    reportOpen(run, { status: 503, headers: [['retry-after', '1']] });
    wake(run);
    run.at += 30;
    run.continueStart({
      destination: 'https://app.example/api/behind-proxy',
      features: ['LazyFetch', 'WF_TriggerOnConfig'],
      forwards: [['x-user', 'u'], ...SDK],
    });
    run.at += 30;
    run.record(1);
    run.finish();
    return run;
  },

  /** Several facts of one answer in an entry: results, a success that owes nothing, the end. */
  'answered-with-steps': () => {
    const run = new RunScenario('wfr_answered', TRIGGERED_AT, freshIds('wfr_answered'));
    run.start();
    const answer = (act: () => unknown): void => {
      const [delivery] = run.open();
      run.at += 20;
      run.answer(delivery?.messageId ?? '', act);
    };
    answer(() => [run.record(1), run.record(2)]);
    answer(() => run.plan(3, 2));
    answer(() => run.record(3, { concurrent: 2 }));
    // Of the last plan's, while the first result, which leads to nothing, still is to be answered.
    const [discarded = ''] = run.open().flatMap(({ messageId, owesFollowUp }) => (owesFollowUp ? [] : [messageId]));
    run.answer(discarded, () => run.record(4, { concurrent: 2 }));
    answer(() => run.record(9));
    wake(run);
    answer(() => [run.record(5, { stepType: 'SleepFor' }, { delayMs: 1_000 }), run.record(6), run.finish('"done"')]);
    return run;
  },

  'dead-letter-deleted': () => {
    const run = begun('wfr_deleted', { failureCallback: { ...FAILURE_CALLBACK, retries: 0 } });
    reportOpen(run, REFUSED);
    run.at += 40;
    reportOpen(run, { status: 500, body: json({ message: 'mail is down' }) });
    run.at += 60_000;
    run.requestFailureCallback('ask-again');
    run.at += 5;
    run.cancelFailureCallback();
    run.at += 5;
    run.deleteDeadLetter();
    return run;
  },

  'taken-over': () => takenOver('resume'),

  resumed: () => {
    const failed = takenOver('resume');
    const run = resumed(failed, [3, 5]);
    run.at += 30;
    const [invoke = ''] = failed.run.invokes.keys();
    run.childEnded(invoke, '"late"', 'succeeded', 'wfr_kid');
    reportOpen(run);
    wake(run);
    wake(run);
    run.record(4, { concurrent: 4 });
    run.record(3, { concurrent: 4, stepType: 'Call' });
    run.at += 30;
    const [wait = ''] = run.run.waits.keys();
    run.waitEnded(wait, null);
    run.finish('"done"');
    return run;
  },

  restarted: () => {
    const run = restarted(takenOver('restart'));
    wake(run);
    run.at += 30;
    run.record(1);
    run.finish('"done"');
    return run;
  },
};

const freshIds = (runId: string) => (n: number) => idInRun('msg', String(n), runId);

function begun(runId: string, config: Partial<TriggerConfig> = {}, invoker?: Invoker): RunScenario {
  const run = new RunScenario(runId, TRIGGERED_AT, freshIds(runId));
  run.start(config, {}, 'ask-1', invoker ? { invoker } : {});
  run.at += 25;
  return run;
}

/** Failed in one of four branches, while one waits, one was answered by whom it called, and one has invoked. */
function takenOver(how: TakeOver): RunScenario {
  const run = begun('wfr_failing', { retries: 0, labels: ['a'] });
  run.record(1);
  const kinds = ['Wait', 'Call', 'Run', 'Invoke'];
  const plans = messageIds(
    run.planBranches(
      2,
      kinds.map((stepType) => ({ stepType })),
    ),
  );
  const step = { concurrent: kinds.length };
  run.wait(2, { timeoutMs: MS_OF_DAY, step });
  const [call = ''] = messageIds(run.call(3, kinds.length));
  run.invoke(5, { step }, 'wfr_kid');
  run.at += 300;
  run.report(call, { status: 201, body: json({ id: 1 }) });
  run.at += 300;
  run.report(plans[2] ?? '', { status: 500, body: json({ message: 'declined' }) });
  run.at += 60_000;
  const overrides = { retries: 3, labels: ['a', 'again'], notBeforeMs: run.at + 5_000 };
  run.takeOver(how, overrides, { successor: 'wfr_next' });
  return run;
}

function stepWithBlob(features: readonly string[]) {
  return {
    kind: 'step' as const,
    messageId: 'msg_blob',
    destination: 'https://app.example/api',
    workflowUrl: 'https://app.example/api',
    method: 'POST',
    forwards: [],
    features,
    config: { forwards: [], labels: [] },
    step: { stepId: 2, stepName: 'large', stepType: 'Run', concurrent: 1 },
    body: 0,
  };
}

/** Lets the first wait pass. */
function wake(run: RunScenario): void {
  const { messageId, attempt, phase } = only(run.open().filter((each) => typeof each.phase === 'object'));
  if (typeof phase === 'object') run.at = Math.max(run.at, phase.waitingUntil);
  run.due(messageId, attempt);
}

/** Reports on the one delivery that is under way. */
function reportOpen(run: RunScenario, outcome?: Parameters<RunScenario['report']>[1]): void {
  run.report(only(run.open().filter((each) => each.phase === 'sent')).messageId, outcome);
}

function only([delivery]: readonly Delivery[]): Delivery {
  if (!delivery) throw new Error('no such delivery');
  return delivery;
}
