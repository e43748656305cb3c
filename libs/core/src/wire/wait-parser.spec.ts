import fc from 'fast-check';
import { DAY_MS } from './duration';
import { toHeaderMap } from './headers';
import type { ParsedSubmission, SubmissionContext } from './parsed-submission';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';
import { parseWait } from './wait-parser';

const context: SubmissionContext = {
  messageIdIn: (runId) => `msg_1.${runId}`,
  callerIp: '192.0.2.1',
  nowMs: 1_800_000_000_000,
  limits: DEFAULT_SUBMISSION_LIMITS,
};

/** As 1.3.3 sends it, telemetry included. */
const newest = {
  url: 'http://app/api/wait',
  timeout: '10s',
  timeoutUrl: 'http://app/api/wait',
  timeoutHeaders: {
    'Upstash-Workflow-Init': ['false'],
    'Upstash-Workflow-RunId': ['wfr_1'],
    'Upstash-Workflow-Url': ['http://app/api/workflow'],
    'Upstash-Feature-Set': ['LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig'],
    'Upstash-Workflow-Sdk-Version': ['1'],
    'Upstash-Telemetry-Sdk': ['@upstash/workflow@v1.3.2'],
    'Upstash-Forward-Upstash-Workflow-Sdk-Version': ['1'],
    'content-type': ['application/json'],
    'Upstash-Workflow-CallType': ['step'],
    'Upstash-Workflow-Runid': ['wfr_other'],
  },
  step: { stepId: 3, stepType: 'WaitForWebhook', stepName: 'w1', concurrent: 2 },
};
/** As 0.2.x sends it: everything is repeated, the headers that came in included. */
const older = {
  ...newest,
  timeoutHeaders: {
    ...newest.timeoutHeaders,
    'Upstash-Feature-Set': ['LazyFetch,InitialBody'],
    'Upstash-Forward-my-header': ['mv'],
    'Upstash-Forward-content-length': ['75'],
    'Upstash-Retries': ['5'],
    'Upstash-Flow-Control-Key': ['k'],
    'Upstash-Flow-Control-Value': ['rate=1'],
    'Upstash-Failure-Callback': ['http://app/api/fail'],
    'Upstash-Failure-Callback-Forward-my-header': ['mv'],
    'Upstash-Failure-Callback-Retries': ['5'],
  },
};

const parse = (body: unknown, eventId = 'e/1', headers: Record<string, string> = {}): ParsedSubmission =>
  parseWait({ eventId, headers: toHeaderMap(headers), body: JSON.stringify(body) }, context);
const codeOf = (parsed: ParsedSubmission): string => (parsed.ok ? 'accepted' : parsed.problem.code);

describe('a wait (8.4)', () => {
  it('is read as the newest client sends it; of two spellings of a header the first counts', () => {
    const parsed = parse(newest);
    expect(parsed).toEqual({
      ok: true,
      runId: 'wfr_1',
      submission: {
        kind: 'wait',
        messageId: 'msg_1.wfr_1',
        destination: 'http://app/api/wait',
        workflowUrl: 'http://app/api/workflow',
        method: 'POST',
        contentType: 'application/json',
        features: ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'],
        forwards: [['upstash-workflow-sdk-version', '1']],
        eventId: 'e/1',
        step: { stepId: 3, stepType: 'WaitForWebhook', stepName: 'w1', concurrent: 2 },
        timeoutMs: 10_000,
        config: { forwards: [], labels: [] },
        body: 0,
      },
      bodies: [new TextEncoder().encode('{"stepId":3,"stepType":"WaitForWebhook","stepName":"w1","concurrent":2}')],
    });
  });

  it('has what an older client repeats', () => {
    expect(parse(older)).toMatchObject({
      submission: {
        forwards: [
          ['upstash-workflow-sdk-version', '1'],
          ['my-header', 'mv'],
        ],
        config: {
          retries: 5,
          flowControlKey: 'k',
          forwards: [['my-header', 'mv']],
          failureCallback: { url: 'http://app/api/fail', retries: 5, forwards: [['my-header', 'mv']] },
        },
      },
    });
  });

  it('takes the run of the request’s own headers when the body names none', () => {
    const body = { ...newest, timeoutHeaders: undefined };
    expect(parse(body, 'e', { 'Upstash-Workflow-RunId': 'wfr_2' })).toMatchObject({ ok: true, runId: 'wfr_2' });
    expect(parse(newest, 'e', { 'Upstash-Workflow-RunId': 'wfr_2' })).toMatchObject({ ok: true, runId: 'wfr_1' });
    expect(codeOf(parse(body))).toBe('INVALID_RUN_ID');
  });

  it.each([
    ['1d10h', 34 * 3_600_000],
    ['20', 20_000],
    [20, 20_000],
    [0, 0],
    [undefined, 7 * DAY_MS],
    [null, 7 * DAY_MS],
    ['366d', 366 * DAY_MS],
  ])('has a timeout of %j: %d ms', (timeout, timeoutMs) => {
    expect(parse({ ...newest, timeout })).toMatchObject({ submission: { timeoutMs } });
  });

  it('has another URL for when nothing comes only if it is another', () => {
    expect(parse(newest)).not.toHaveProperty('submission.timeoutUrl');
    expect(parse({ ...newest, timeoutUrl: undefined })).not.toHaveProperty('submission.timeoutUrl');
    expect(parse({ ...newest, timeoutUrl: 'http://app/late' })).toMatchObject({
      submission: { timeoutUrl: 'http://app/late' },
    });
  });

  it('keeps fields of the step that it does not know, in their order', () => {
    const step = { zeta: { ü: [1, null] }, ...newest.step, out: undefined, targetStep: null };
    const parsed = parse({ ...newest, step });
    expect(parsed.ok && new TextDecoder().decode(parsed.bodies?.[0])).toBe(JSON.stringify(step));
  });

  it.each<[object, string]>([
    [{ timeout: '367d' }, 'QUOTA_EXCEEDED'],
    [{ timeout: 'soon' }, 'INVALID_DURATION'],
    [{ timeout: -1 }, 'INVALID_DURATION'],
    [{ timeout: true }, 'INVALID_DURATION'],
    [{ url: undefined }, 'INVALID_DESTINATION'],
    [{ url: 5 }, 'INVALID_DESTINATION'],
    [{ timeoutUrl: 'nope' }, 'INVALID_DESTINATION'],
    [{ timeoutUrl: {} }, 'INVALID_DESTINATION'],
    [{ step: undefined }, 'INVALID_BODY'],
    [{ step: [] }, 'INVALID_BODY'],
    [{ step: { ...newest.step, stepId: 0, targetStep: 1 } }, 'INVALID_BODY'],
    [{ timeoutHeaders: { ...newest.timeoutHeaders, 'Upstash-Retries': '101' } }, 'QUOTA_EXCEEDED'],
    [{ timeoutHeaders: { ...newest.timeoutHeaders, x: ['a\nb'] } }, 'INVALID_HEADER'],
  ])('is refused with %j: %s, and the run is named', (changes, code) => {
    expect(parse({ ...newest, ...changes })).toMatchObject({ ok: false, runId: 'wfr_1', problem: { code } });
  });

  it.each<[object, string]>([
    [{ timeoutHeaders: { a: 5 } }, 'INVALID_BODY'],
    [{ timeoutHeaders: 'x' }, 'INVALID_BODY'],
    [{ timeoutHeaders: { 'upstash-workflow-runid': 'ü' } }, 'INVALID_RUN_ID'],
  ])('is refused with %j: %s', (changes, code) => {
    expect(codeOf(parse({ ...newest, ...changes }))).toBe(code);
  });

  it.each(['', 'a\nb', '\u0000', 'x'.repeat(513), '\ud800'])('waits for no event %j', (eventId) => {
    expect(codeOf(parse(newest, eventId))).toBe('INVALID_EVENT_ID');
  });

  it('waits for events of any other name', () => {
    for (const eventId of ['a/b?c', 'ü €', 'x'.repeat(512), '..'])
      expect(codeOf(parse(newest, eventId))).toBe('accepted');
  });

  it('is not shaken by deep nesting', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const body = JSON.stringify(newest).replace('"stepId"', `"x":${deep},"stepId"`);
    expect(codeOf(parseWait({ eventId: 'e', headers: {}, body }, context))).toBe('INVALID_JSON');
  });

  it('never throws', () => {
    const any = fc.anything({ maxDepth: 3 });
    const body = fc
      .record(
        {
          url: fc.oneof(fc.webUrl(), any),
          timeout: fc.oneof(fc.string(), fc.double(), any),
          timeoutUrl: fc.oneof(fc.webUrl(), any),
          timeoutHeaders: fc.oneof(
            fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.string(), fc.array(any))),
            any,
          ),
          step: fc.oneof(fc.constant(newest.step), any),
        },
        { requiredKeys: [] },
      )
      .map((changes) => JSON.stringify({ ...newest, ...changes }));
    fc.assert(
      fc.property(fc.oneof(body, fc.json(), fc.string(), fc.uint8Array()), fc.string(), (sent, eventId) => {
        const parsed = parseWait({ eventId, headers: { 'upstash-workflow-runid': 'wfr_2' }, body: sent }, context);
        expect(parsed.ok || parsed.problem.message.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
