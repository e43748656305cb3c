import fc from 'fast-check';
import { toHeaderMap } from './headers';
import type { ParsedSubmission, SubmissionContext } from './parsed-submission';
import { parseSubmission } from './submission-parser';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';
import { parseTrigger } from './trigger-parser';

const NOW_MS = 1_800_000_000_000;
const context: SubmissionContext = {
  messageIdIn: (runId) => `msg_1.${runId}`,
  callerIp: '192.0.2.1',
  nowMs: NOW_MS,
  limits: DEFAULT_SUBMISSION_LIMITS,
};
const FLAGS = [
  ['upstash-workflow-is-failure', 'true'],
  ['upstash-workflow-failure-callback', 'true'],
];

const parse = (headers: Record<string, string> = {}, destination = 'http://app/api/w'): ParsedSubmission =>
  parseTrigger({ destination, headers: toHeaderMap(headers), body: 'payload' }, context, 'wfr_fresh');
const codeOf = (parsed: ParsedSubmission): string => (parsed.ok ? 'accepted' : parsed.problem.code);

describe('a trigger over REST (5.5)', () => {
  it('is a start with everything that the client library would send', () => {
    expect(parse({ 'content-type': 'text/plain' })).toEqual({
      ok: true,
      runId: 'wfr_fresh',
      submission: {
        kind: 'start',
        restTrigger: 'assume',
        messageId: 'msg_1.wfr_fresh',
        callerIp: '192.0.2.1',
        destination: 'http://app/api/w',
        workflowUrl: 'http://app/api/w',
        method: 'POST',
        contentType: 'text/plain',
        features: ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'],
        forwards: [['upstash-workflow-sdk-version', '1']],
        body: 0,
        config: { forwards: [], labels: [], failureCallback: { url: 'http://app/api/w', forwards: FLAGS } },
      },
    });
  });

  it('has the caller’s wishes, for the failure callback too', () => {
    const parsed = parse({
      'Upstash-Workflow-RunId': 'wfr_mine',
      'Upstash-Forward-My-Header': 'mv',
      'Upstash-Retries': '2',
      'Upstash-Retry-Delay': '1000',
      'Upstash-Flow-Control-Key': 'k',
      'Upstash-Flow-Control-Value': 'rate=1',
      'Upstash-Delay': '10s',
      'Upstash-Label': 'a,b',
      'Upstash-Redact-Fields': 'body',
      'Upstash-Method': 'PUT',
      'Upstash-Feature-Set': 'Other',
    });
    const settings = { retries: 2, retryDelay: '1000', flowControlKey: 'k', flowControlValue: 'rate=1' };
    expect(parsed).toMatchObject({
      ok: true,
      runId: 'wfr_mine',
      submission: {
        method: 'POST',
        features: ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'],
        forwards: [
          ['my-header', 'mv'],
          ['upstash-workflow-sdk-version', '1'],
        ],
        delayMs: 10_000,
        config: {
          ...settings,
          forwards: [['my-header', 'mv']],
          labels: ['a', 'b'],
          redact: 'body',
          failureCallback: { ...settings, url: 'http://app/api/w', forwards: [['my-header', 'mv'], ...FLAGS] },
        },
      },
    });
  });

  it('has another failure callback if the caller gives one', () => {
    const parsed = parse({
      'Upstash-Retries': '2',
      'Upstash-Forward-A': '1',
      'Upstash-Failure-Callback': 'http://app/fail',
      'Upstash-Failure-Callback-Retries': '7',
      'Upstash-Failure-Callback-Forward-A': '2',
      'Upstash-Failure-Callback-Forward-B': '3',
    });
    expect(parsed).toMatchObject({
      submission: {
        config: {
          failureCallback: { url: 'http://app/fail', retries: 7, forwards: [['a', '2'], ['b', '3'], ...FLAGS] },
        },
      },
    });
  });

  it('asks the library first if the caller says that it does not know it', () => {
    const parsed = parse({
      'Upstash-Workflow-Unknown-Sdk': 'true',
      'Upstash-Forward-Upstash-Workflow-Sdk-Version': '1',
    });
    expect(parsed).toMatchObject({ ok: true, submission: { restTrigger: 'ask', forwards: [] } });
  });

  it.each<[Record<string, string>, string, string]>([
    [{}, 'nope', 'INVALID_DESTINATION'],
    [{}, '', 'INVALID_DESTINATION'],
    [{ 'upstash-workflow-runid': 'ü' }, 'http://a/', 'INVALID_RUN_ID'],
    [{ 'upstash-cron': '* * * * *' }, 'http://a/', 'NOT_SUPPORTED'],
    [{ 'upstash-retries': '101' }, 'http://a/', 'QUOTA_EXCEEDED'],
    [{ 'upstash-label': 'a b' }, 'http://a/', 'INVALID_LABEL'],
    [{ 'upstash-failure-callback': 'nope' }, 'http://a/', 'INVALID_DESTINATION'],
    [{ 'upstash-failure-callback-retries': 'x' }, 'http://a/', 'INVALID_HEADER'],
  ])('with %j to %j is refused with %s', (headers, destination, code) => {
    expect(codeOf(parse(headers, destination))).toBe(code);
  });

  it('never throws', () => {
    const name = fc.constantFrom(
      'upstash-workflow-runid',
      'upstash-retries',
      'upstash-delay',
      'upstash-failure-callback',
      'upstash-forward-__proto__',
      'upstash-workflow-unknown-sdk',
      '__proto__',
    );
    const headers = fc.dictionary(name, fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('1', 'http://a/')));
    fc.assert(
      fc.property(headers, fc.oneof(fc.webUrl(), fc.string({ unit: 'binary' })), (some, destination) => {
        const parsed = parse(some, destination);
        expect(parsed.ok || parsed.problem.message.length > 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

it('a start that the library continues is one, and is not asked again (5.5)', () => {
  const headers = toHeaderMap({
    'upstash-workflow-init': 'true',
    'upstash-workflow-runid': 'wfr_1',
    'upstash-workflow-trigger-by-sdk': 'true',
    'upstash-forward-upstash-workflow-unknown-sdk': 'true',
    'upstash-forward-a': 'b',
  });
  const parsed = parseSubmission({ destination: 'http://app/', headers, body: '' }, context);
  expect(parsed).toMatchObject({ ok: true, submission: { kind: 'start', bySdk: true, forwards: [['a', 'b']] } });
});
