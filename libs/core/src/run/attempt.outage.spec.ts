import type { TriggerConfig } from '../wire/submission';
import { messageIds, RunScenario } from '../testing/run-scenario';

const OURS = {
  status: 500,
  body: new TextEncoder().encode('{"message":"{\\"error\\":\\"x\\",\\"code\\":\\"UNAVAILABLE\\"}"}'),
};
const THEIRS = { status: 500 };
const HOUR_MS = 60 * 60 * 1000;

/** Fails the delivery until `untilMs` have passed, waiting as told. */
function fail(run: RunScenario, messageId: string, forMs: number, outcome: typeof OURS | typeof THEIRS = OURS): number {
  const begun = run.at;
  let attempts = 0;
  while (run.run.status === 'running' && run.at - begun < forMs) {
    run.report(messageId, outcome);
    attempts += 1;
    const delivery = run.run.deliveries.get(messageId);
    if (typeof delivery?.phase !== 'object') break;
    run.at = delivery.phase.waitingUntil;
    run.due(messageId, delivery.attempt);
  }
  return attempts;
}

function started(config: Partial<TriggerConfig> = {}): RunScenario {
  const run = new RunScenario();
  run.start(config);
  return run;
}

describe('our own outage (B4)', () => {
  it('costs no retry for an hour, and is tried again sooner than later', () => {
    const run = started({ retries: 0 });
    const attempts = fail(run, 'msg_1', HOUR_MS - 31_000);
    expect(attempts).toBeGreaterThan(60);
    expect(run.open()).toMatchObject([{ attempt: attempts, retried: 0, phase: 'sent' }]);
    expect(run.run.failures.get('msg_1')?.every((each) => !each.counted && Number.isInteger(each.nextAttemptAt))).toBe(
      true,
    );
  });

  it('counts from then on, and no new hour begins with each retry', () => {
    const run = started({ retries: 2, retryDelay: '1000' });
    fail(run, 'msg_1', 3 * HOUR_MS);
    expect(run.run.status).toBe('failed');
    expect(run.at - run.run.createdAt).toBeLessThan(HOUR_MS + 60_000);
    expect(run.run.failure?.data).toMatchObject({ retried: 2, result: { error: { code: 'UNAVAILABLE' } } });
    expect(run.run.failures.get('msg_1')?.filter((each) => each.counted)).toHaveLength(3);
  });

  it('is over with any other failure: the next one has its own hour', () => {
    const run = started({ retries: 5, retryDelay: '1000' });
    fail(run, 'msg_1', HOUR_MS - 60_000);
    fail(run, 'msg_1', 1, THEIRS);
    expect(run.open()).toMatchObject([{ retried: 1 }]);
    fail(run, 'msg_1', HOUR_MS - 60_000);
    expect(run.open()).toMatchObject([{ retried: 1 }]);
  });

  it('is believed when our own caller reports it, and not when a third party says so', () => {
    const run = started({ retries: 0 });
    run.report('msg_1', { error: { code: 'UNAVAILABLE', message: 'no entries to be had' } });
    expect(run.run.status).toBe('running');
    const other = started();
    const [call = ''] = messageIds(other.call(1));
    other.report(call, OURS);
    expect(other.open()).toMatchObject([{ kind: 'callback' }]);
  });

  it('is believed of a failure callback only when the workflow itself answers', () => {
    const endedWith = (url: string): string | undefined => {
      const run = started({ retries: 0, failureCallback: { url, forwards: [], retries: 0 } });
      run.report('msg_1', THEIRS);
      run.report(run.open()[0]?.messageId ?? '', OURS);
      return run.run.failureCallback?.state;
    };
    expect(endedWith('http://app/api')).toBe('in-progress');
    expect(endedWith('http://elsewhere/hook')).toBe('failed');
  });
});
