import type { Delivery } from '../run/run.state';
import { messageIds, RunScenario } from './run-scenario';

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
};

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
function reportOpen(run: RunScenario, outcome: Parameters<RunScenario['report']>[1]): void {
  run.report(only(run.open().filter((each) => each.phase === 'sent')).messageId, outcome);
}

function only([delivery]: readonly Delivery[]): Delivery {
  if (!delivery) throw new Error('no such delivery');
  return delivery;
}
