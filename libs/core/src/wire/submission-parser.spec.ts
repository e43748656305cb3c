import fc from 'fast-check';
import { toHeaderMap } from './headers';
import type { ParsedSubmission, SubmissionContext } from './parsed-submission';
import { parseSubmission } from './submission-parser';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';
import type { Submission } from './submission';

const NOW_MS = 1_800_000_000_000;
const context: SubmissionContext = {
  messageIdIn: () => 'msg_1',
  callerIp: '192.0.2.1',
  nowMs: NOW_MS,
  limits: DEFAULT_SUBMISSION_LIMITS,
};

const FEATURES = 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig';
const run = {
  'content-type': 'application/json',
  'upstash-method': 'POST',
  'upstash-workflow-init': 'false',
  'upstash-workflow-runid': 'wfr_1',
  'upstash-workflow-url': 'http://app/api/seq',
  'upstash-workflow-sdk-version': '1',
  'upstash-forward-upstash-workflow-sdk-version': '1',
  'upstash-feature-set': FEATURES,
};
const start = { ...run, 'upstash-workflow-init': 'true' };
const call = {
  ...run,
  'upstash-workflow-calltype': 'toCallback',
  'upstash-callback': 'http://app/api/call',
  'upstash-callback-workflow-runid': 'wfr_1',
  'upstash-callback-forward-upstash-workflow-callback': 'true',
  'upstash-callback-forward-upstash-workflow-stepid': '3',
  'upstash-callback-forward-upstash-workflow-stepname': 'c',
  'upstash-callback-forward-upstash-workflow-steptype': 'Call',
  'upstash-callback-forward-upstash-workflow-concurrent': '2',
  'upstash-callback-forward-upstash-workflow-contenttype': 'text/plain',
};
const result = '{"stepId":1,"stepName":"one","stepType":"Run","out":"{\\"x\\":1}","concurrent":1}';

const parse = (
  headers: Record<string, string | undefined>,
  body = result,
  destination = 'http://app/api/seq',
): ParsedSubmission => parseSubmission({ destination, headers: toHeaderMap(headers), body }, context);

function accepted(parsed: ParsedSubmission): Submission {
  if (!parsed.ok) throw new Error(`${parsed.problem.code}: ${parsed.problem.message}`);
  return parsed.submission;
}
const codeOf = (parsed: ParsedSubmission): string => (parsed.ok ? 'accepted' : parsed.problem.code);

describe('a start', () => {
  it('carries the trigger configuration, and of the callback’s headers only what is for its endpoint (5.1, 5.2)', () => {
    const parsed = parse(
      {
        ...start,
        'Upstash-Forward-My-Header': 'mv',
        'upstash-forward-content-length': '75',
        'upstash-forward-upstash-signature': 'old',
        'upstash-label': 'a, b',
        'upstash-forward-upstash-label': 'a,b',
        'upstash-retries': '2',
        'upstash-retry-delay': 'pow(2, retried) * 1000',
        'upstash-flow-control-key': 'k',
        'upstash-flow-control-value': 'parallelism=3, rate=5, period=1m',
        'upstash-delay': '10s',
        'upstash-not-before': '1800000060',
        'upstash-redact-fields': 'body,header[X]',
        'upstash-failure-callback': 'http://app/api/fail',
        'upstash-failure-callback-feature-set': FEATURES,
        'upstash-failure-callback-workflow-runid': 'wfr_1',
        'upstash-failure-callback-workflow-calltype': 'failureCall',
        'upstash-failure-callback-forward-upstash-workflow-is-failure': 'true',
        'upstash-failure-callback-forward-my-header': 'mv',
        'upstash-failure-callback-retries': '1',
        'upstash-telemetry-sdk': '@upstash/workflow@v1.3.2, upstash-qstash-js@2.12.0',
      },
      '{"hello":"world"}',
    );
    expect(parsed).toEqual({
      ok: true,
      runId: 'wfr_1',
      submission: {
        kind: 'start',
        messageId: 'msg_1',
        callerIp: '192.0.2.1',
        destination: 'http://app/api/seq',
        workflowUrl: 'http://app/api/seq',
        method: 'POST',
        contentType: 'application/json',
        features: FEATURES.split(','),
        forwards: [
          ['upstash-workflow-sdk-version', '1'],
          ['my-header', 'mv'],
          ['upstash-label', 'a,b'],
        ],
        delayMs: 10_000,
        notBeforeMs: NOW_MS + 60_000,
        body: 0,
        config: {
          forwards: [['my-header', 'mv']],
          labels: ['a', 'b'],
          retries: 2,
          retryDelay: 'pow(2, retried) * 1000',
          flowControlKey: 'k',
          flowControlValue: 'parallelism=3, rate=5, period=1m',
          redact: 'body,header[X]',
          failureCallback: {
            url: 'http://app/api/fail',
            forwards: [
              ['upstash-workflow-is-failure', 'true'],
              ['my-header', 'mv'],
            ],
            retries: 1,
          },
        },
      },
    });
  });

  it('takes run ids of any printable shape up to 512 characters, in either spelling of the header', () => {
    expect(
      accepted(parse({ ...start, 'upstash-workflow-runid': undefined, 'Upstash-Workflow-RunId': 'wfr-a b/c' })).kind,
    ).toBe('start');
    expect(codeOf(parse({ ...start, 'upstash-workflow-runid': 'x'.repeat(512) }))).toBe('accepted');
    expect(codeOf(parse({ ...start, 'upstash-workflow-runid': 'x'.repeat(513) }))).toBe('INVALID_RUN_ID');
    expect(codeOf(parse({ ...start, 'upstash-workflow-runid': 'ü' }))).toBe('INVALID_RUN_ID');
    expect(codeOf(parse({ ...start, 'upstash-workflow-runid': '' }))).toBe('INVALID_RUN_ID');
  });

  it('may have any body, or none', () => {
    expect(accepted(parse(start, '')).kind).toBe('start');
    expect(accepted(parse(start, '{not json')).kind).toBe('start');
  });
});

describe('a step', () => {
  it('is a step unless it says otherwise, and read for its head only (7.1, 7.3)', () => {
    expect(accepted(parse(run))).toMatchObject({
      kind: 'step',
      step: { stepId: 1, stepName: 'one', stepType: 'Run', concurrent: 1 },
      config: { forwards: [], labels: [] },
    });
    expect(accepted(parse({ ...run, 'upstash-workflow-calltype': 'Step' })).kind).toBe('step');
  });

  it('is read from bytes as from text', () => {
    const body = new TextEncoder().encode(result.replace('one', 'ünö'));
    const parsed = parseSubmission({ destination: 'http://app/', headers: toHeaderMap(run), body }, context);
    expect(accepted(parsed)).toMatchObject({ step: { stepName: 'ünö' } });
  });

  it('is a plan exactly if its id is 0; fields a client leaves null are absent', () => {
    const plan = '{"stepId":0,"stepName":"p","stepType":"Run","concurrent":2,"targetStep":4}';
    expect(accepted(parse(run, plan))).toMatchObject({ step: { stepId: 0, targetStep: 4, concurrent: 2 } });
    const python =
      '{"stepId":2,"stepName":"p","stepType":"Run","out":"1","concurrent":1,"targetStep":null,"sleepFor":null}';
    expect(accepted(parse(run, python))).toMatchObject({ step: { stepId: 2 } });
    expect(accepted(parse(run, python))).not.toHaveProperty('step.targetStep');
  });

  it.each([
    ['', 'INVALID_JSON'],
    ['{', 'INVALID_JSON'],
    ['[]', 'INVALID_JSON'],
    ['null', 'INVALID_JSON'],
    ['{}', 'INVALID_BODY'],
    ['{"stepId":-1,"stepName":"a","stepType":"Run","concurrent":1}', 'INVALID_BODY'],
    ['{"stepId":1.5,"stepName":"a","stepType":"Run","concurrent":1}', 'INVALID_BODY'],
    ['{"stepId":1e99,"stepName":"a","stepType":"Run","concurrent":1}', 'INVALID_BODY'],
    ['{"stepId":1,"stepName":5,"stepType":"Run","concurrent":1}', 'INVALID_BODY'],
    ['{"stepId":1,"stepName":"a","concurrent":1}', 'INVALID_BODY'],
    ['{"stepId":1,"stepName":"a","stepType":"Run","concurrent":0}', 'INVALID_BODY'],
    ['{"stepId":0,"stepName":"a","stepType":"Run","concurrent":1}', 'INVALID_BODY'],
  ])('refuses %j with %s', (body, code) => {
    expect(codeOf(parse(run, body))).toBe(code);
  });

  it('is not shaken by deep nesting', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(codeOf(parse(run, `{"stepId":1,"x":${deep.slice(1)}`))).toBe('INVALID_JSON');
    expect(accepted(parse(run, result.replace('{', `{"x":${deep},`)))).toMatchObject({ step: { stepId: 1 } });
  });

  it('survives names of the language’s own', () => {
    const body =
      '{"__proto__":{"stepId":9},"constructor":1,"stepId":1,"stepName":"toString","stepType":"Run","concurrent":1}';
    expect(accepted(parse({ ...run, 'upstash-forward-__proto__': 'p' }, body))).toMatchObject({ step: { stepId: 1 } });
    expect(codeOf(parse(run, '{"__proto__":{"stepId":1,"stepName":"a","stepType":"Run","concurrent":1}}'))).toBe(
      'INVALID_BODY',
    );
  });
});

describe('a call', () => {
  it('has the request’s own settings, and where its answer goes (8.3)', () => {
    const parsed = parse(
      { ...call, 'upstash-method': 'put', 'upstash-retries': '0', 'upstash-timeout': '30', 'upstash-forward-h': '1' },
      'raw',
      'http://x/?a=b',
    );
    expect(accepted(parsed)).toMatchObject({
      kind: 'call',
      destination: 'http://x/?a=b',
      workflowUrl: 'http://app/api/seq',
      method: 'PUT',
      timeoutMs: 30_000,
      settings: { retries: 0 },
      callback: {
        url: 'http://app/api/call',
        stepId: 3,
        stepName: 'c',
        stepType: 'Call',
        concurrent: 2,
        settings: {},
      },
    });
    const { callback } = accepted(parsed) as Extract<Submission, { kind: 'call' }>;
    expect(callback.forwards).toContainEqual(['upstash-workflow-contenttype', 'text/plain']);
    expect(callback.forwards).toContainEqual(['upstash-workflow-stepid', '3']);
  });

  it.each(['stepid', 'stepname', 'steptype', 'concurrent'])('cannot do without its callback’s %s', (name) => {
    expect(codeOf(parse({ ...call, [`upstash-callback-forward-upstash-workflow-${name}`]: undefined }))).toBe(
      'INVALID_HEADER',
    );
  });

  it('cannot do without a callback', () => {
    expect(codeOf(parse({ ...call, 'upstash-callback': undefined }))).toBe('INVALID_DESTINATION');
  });
});

it('stores no copy of what the server announced, whatever a client that repeats all it received forwards (2.5)', () => {
  const copies = {
    'Upstash-Forward-Stepwell-Steps': 'inline',
    'Upstash-Callback-Forward-Stepwell-Steps': 'inline',
    'Upstash-Failure-Callback': 'http://app/api/seq',
    'Upstash-Failure-Callback-Forward-Stepwell-Steps': 'inline',
  };
  for (const [headers, body] of [
    [start, ''],
    [run, result],
    [call, ''],
  ] as const) {
    const parsed = parse({ ...headers, ...copies }, body);
    expect(parsed.ok).toBe(true);
    expect(JSON.stringify(parsed)).not.toContain('stepwell');
  }
});

describe('bad input', () => {
  it.each<[Record<string, string>, string]>([
    [{ 'upstash-delay': 'soon' }, 'INVALID_DURATION'],
    [{ 'upstash-delay': '2y' }, 'QUOTA_EXCEEDED'],
    [{ 'upstash-not-before': 'tomorrow' }, 'INVALID_HEADER'],
    [{ 'upstash-not-before': '99999999999' }, 'QUOTA_EXCEEDED'],
    [{ 'upstash-retries': '-1' }, 'INVALID_HEADER'],
    [{ 'upstash-retries': 'many' }, 'INVALID_HEADER'],
    [{ 'upstash-retries': '101' }, 'QUOTA_EXCEEDED'],
    [{ 'upstash-retries': '1000000' }, 'QUOTA_EXCEEDED'],
    [{ 'upstash-retry-delay': 'process.exit()' }, 'INVALID_RETRY_DELAY'],
    [{ 'upstash-flow-control-key': 'k' }, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-flow-control-key': 'a b', 'upstash-flow-control-value': 'rate=1' }, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-flow-control-key': 'k', 'upstash-flow-control-value': 'rate=x' }, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-label': 'a b' }, 'INVALID_LABEL'],
    [{ 'upstash-method': 'G E T' }, 'INVALID_HEADER'],
    [{ 'upstash-redact-fields': 'everything' }, 'INVALID_HEADER'],
    [{ 'upstash-failure-callback': 'nope' }, 'INVALID_DESTINATION'],
    [{ 'upstash-failure-callback': 'http://f/', 'upstash-failure-callback-retries': 'x' }, 'INVALID_HEADER'],
    [{ 'upstash-workflow-url': 'ftp://x/' }, 'INVALID_DESTINATION'],
    [{ 'upstash-forward-x': 'a\r\nInjected: yes' }, 'INVALID_HEADER'],
    [{ 'upstash-forward-a b': 'x' }, 'INVALID_HEADER'],
    [{ 'upstash-cron': 'nonsense' }, 'INVALID_CRON'],
    [{ 'upstash-cron': '*/5 * * * *' }, 'NOT_SUPPORTED'],
  ])('%j is refused with %s, and the run is named', (headers, code) => {
    const parsed = parse({ ...start, ...headers });
    expect(codeOf(parsed)).toBe(code);
    expect(parsed).toMatchObject({ ok: false, runId: 'wfr_1' });
  });

  it('says that a kind of message is not there yet, rather than losing it', () => {
    expect(codeOf(parse({ ...run, 'upstash-workflow-calltype': 'stepConfig' }))).toBe('NOT_SUPPORTED');
    expect(codeOf(parse({}))).toBe('NOT_SUPPORTED');
    expect(codeOf(parse({}, '', 'my-group'))).toBe('NOT_SUPPORTED');
    expect(codeOf(parse({}, '', 'no url'))).toBe('INVALID_DESTINATION');
    expect(codeOf(parse(start, '', 'my-group'))).toBe('INVALID_DESTINATION');
  });
});

describe('a destination', () => {
  it.each([
    'http://e.com/a?b=c',
    'https://e.com//a/../b/%2F?q=%zz#f',
    'http://[::1]:3000/x',
    'HTTP://E.com',
    'http://user:pw@e.com/ü',
  ])('%s is kept as it was sent', (url) => {
    expect(accepted(parse(start, '', url)).destination).toBe(url);
  });

  it('gets back the slash that a proxy took', () => {
    expect(accepted(parse(start, '', 'https:/e.com/a')).destination).toBe('https://e.com/a');
  });

  it.each([
    '',
    'e.com',
    '/relative',
    'ftp://e.com',
    'http://',
    'http:///',
    'http://e.com/a b',
    'http://e.com/\n',
    'http://e.com:99999/',
  ])('%j is none', (url) => {
    expect(codeOf(parse(start, '', url))).toBe('INVALID_DESTINATION');
  });
});

it('refuses a destination that no server would take', () => {
  expect(codeOf(parse(start, '', `http://e.com/${'x'.repeat(9_000)}`))).toBe('INVALID_DESTINATION');
});

describe('rule 1', () => {
  const names = Object.keys({ ...start, ...call }).concat(
    'upstash-delay',
    'upstash-not-before',
    'upstash-retries',
    'upstash-retry-delay',
    'upstash-timeout',
    'upstash-label',
    'upstash-flow-control-key',
    'upstash-flow-control-value',
    'upstash-failure-callback',
    'upstash-failure-callback-retries',
    'upstash-redact-fields',
    'upstash-forward-x',
    'upstash-workflow-invoke',
    '__proto__',
    'constructor',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('true', 'false', 'step', 'toCallback', 'wfr_1', '0', '1', '', '10s'),
  );
  const input = fc.record({
    destination: fc.oneof(fc.webUrl(), fc.string({ unit: 'binary' })),
    headers: fc
      .dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), text)
      .chain((some) => fc.constantFrom({}, run, start, call).map((base) => ({ ...base, ...some }))),
    body: fc.oneof(fc.json(), fc.uint8Array(), fc.constant(result)),
  });

  it('holds: whatever comes is accepted or refused, never thrown', () => {
    fc.assert(
      fc.property(input, ({ destination, headers, body }) => {
        const parsed = parseSubmission({ destination, headers: toHeaderMap(headers), body }, context);
        expect(parsed.ok || parsed.problem.message.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
