import fc from 'fast-check';
import { toHeaderMap } from './headers';
import type { ParsedSubmission, SubmissionContext } from './parsed-submission';
import { withBodiesFrom } from './parsed-submission';
import { parseSubmission } from './submission-parser';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';

const context: SubmissionContext = {
  messageIdIn: (runId) => `msg_1.${runId}`,
  callerIp: '192.0.2.1',
  nowMs: 1_800_000_000_000,
  limits: { ...DEFAULT_SUBMISSION_LIMITS, maxInvokeDepth: 3 },
};
const FEATURES = 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig';

/** As 1.3.3 sends it. */
const childHeaders = {
  'content-type': 'application/json',
  'upstash-method': 'POST',
  'upstash-workflow-init': 'true',
  'upstash-workflow-invoke': 'true',
  'upstash-workflow-runid': 'wfr_child',
  'upstash-workflow-url': 'http://app/many/child',
  'upstash-workflow-sdk-version': '1',
  'upstash-feature-set': FEATURES,
  'upstash-forward-upstash-workflow-sdk-version': '1',
  'upstash-forward-upstash-workflow-invoke-count': '3',
  'upstash-forward-my-header': 'mv',
  'upstash-retries': '2',
  'upstash-label': 'lab',
  'upstash-failure-callback': 'http://app/many/child',
  'upstash-failure-callback-forward-upstash-workflow-is-failure': 'true',
};
const body = {
  body: '{"hi":1}',
  headers: {
    'Upstash-Workflow-Init': ['false'],
    'Upstash-Workflow-RunId': ['wfr_parent'],
    'Upstash-Workflow-Runid': ['wfr_parent'],
    'Upstash-Workflow-Url': ['http://app/many/parent'],
    'Upstash-Feature-Set': [FEATURES],
    'Upstash-Workflow-Sdk-Version': ['1'],
    'Upstash-Forward-Upstash-Workflow-Sdk-Version': ['1'],
    'Upstash-Retries': ['1'],
    'content-type': ['application/json'],
  },
  workflowRunId: 'wfr_parent',
  workflowRunCreatedAt: 1_795_340_012_736,
  workflowUrl: 'http://app/many/parent',
  step: { stepId: 1, stepName: 'inv', stepType: 'Invoke', concurrent: 1 },
};

const parse = (sent: unknown, headers: Record<string, string | undefined> = {}): ParsedSubmission =>
  parseSubmission(
    {
      destination: 'http://app/many/child',
      headers: toHeaderMap({ ...childHeaders, ...headers }),
      body: JSON.stringify(sent),
    },
    context,
  );
const codeOf = (parsed: ParsedSubmission): string => (parsed.ok ? 'accepted' : parsed.problem.code);
const texts = (parsed: ParsedSubmission): unknown =>
  parsed.ok && parsed.bodies?.map((bytes) => new TextDecoder().decode(bytes));

describe('an invoke (8.7)', () => {
  it('is submitted to the parent, and says what child to start', () => {
    const parsed = parse(body);
    expect(parsed).toMatchObject({ ok: true, runId: 'wfr_parent' });
    expect(parsed.ok && parsed.submission).toEqual({
      kind: 'invoke',
      messageId: 'msg_1.wfr_parent',
      destination: 'http://app/many/parent',
      workflowUrl: 'http://app/many/parent',
      method: 'POST',
      contentType: 'application/json',
      features: FEATURES.split(','),
      forwards: [['upstash-workflow-sdk-version', '1']],
      step: { stepId: 1, stepName: 'inv', stepType: 'Invoke', concurrent: 1 },
      config: { forwards: [], labels: [], retries: 1 },
      body: 0,
      child: {
        runId: 'wfr_child',
        messageId: 'msg_1.wfr_child',
        destination: 'http://app/many/child',
        workflowUrl: 'http://app/many/child',
        method: 'POST',
        contentType: 'application/json',
        features: FEATURES.split(','),
        forwards: [
          ['upstash-workflow-sdk-version', '1'],
          ['upstash-workflow-invoke-count', '3'],
          ['my-header', 'mv'],
        ],
        config: {
          forwards: [['my-header', 'mv']],
          labels: ['lab'],
          retries: 2,
          failureCallback: {
            url: 'http://app/many/child',
            forwards: [['upstash-workflow-is-failure', 'true']],
          },
        },
        callerIp: '192.0.2.1',
        body: 1,
      },
    });
    expect(texts(parsed)).toEqual(['{"stepId":1,"stepName":"inv","stepType":"Invoke","concurrent":1}', '{"hi":1}']);
  });

  it.each([
    ['plain text', 'plain text'],
    ['', ''],
    [undefined, ''],
    [{ a: [1] }, '{"a":[1]}'],
    [null, 'null'],
    [0, '0'],
  ])('gives the child the payload %j as %j', (payload, text) => {
    expect(texts(parse({ ...body, body: payload }))).toEqual([expect.any(String), text]);
  });

  it('takes single texts for headers, and the parent from them', () => {
    const headers = { 'upstash-workflow-runid': 'wfr_p', 'upstash-workflow-url': 'http://app/p', 'X-Nothing': null };
    const sent = { ...body, headers, workflowRunId: undefined, workflowUrl: undefined };
    expect(parse(sent)).toMatchObject({ ok: true, runId: 'wfr_p', submission: { destination: 'http://app/p' } });
  });

  it.each<[object, Record<string, string | undefined>, string]>([
    [{}, { 'upstash-forward-upstash-workflow-invoke-count': '4' }, 'QUOTA_EXCEEDED'],
    [{}, { 'upstash-forward-upstash-workflow-invoke-count': 'many' }, 'INVALID_HEADER'],
    [{}, { 'upstash-retries': '101' }, 'QUOTA_EXCEEDED'],
    [{}, { 'upstash-delay': 'soon' }, 'INVALID_DURATION'],
    [{}, { 'upstash-workflow-runid': undefined }, 'INVALID_RUN_ID'],
    [{}, { 'upstash-workflow-runid': 'wfr_parent' }, 'INVALID_RUN_ID'],
    [{}, { 'upstash-cron': '* * * * *' }, 'NOT_SUPPORTED'],
    [{}, { 'upstash-forward-x': 'a\nb' }, 'INVALID_HEADER'],
    [{ step: { stepName: 'x' } }, {}, 'INVALID_BODY'],
    [{ step: { ...body.step, stepId: 0, targetStep: 2 } }, {}, 'INVALID_BODY'],
    [{ workflowUrl: 'nope' }, {}, 'INVALID_DESTINATION'],
    [{ workflowUrl: 5 }, {}, 'INVALID_DESTINATION'],
    [{ headers: { ...body.headers, 'Upstash-Retries': ['x'] } }, {}, 'INVALID_HEADER'],
  ])('with %j and %j is refused with %s, and the parent is named', (changes, headers, code) => {
    expect(parse({ ...body, ...changes }, headers)).toMatchObject({
      ok: false,
      runId: 'wfr_parent',
      problem: { code },
    });
  });

  it.each<[unknown, string]>([
    [[], 'INVALID_JSON'],
    ['text', 'INVALID_JSON'],
    [{ ...body, headers: { a: { b: 1 } } }, 'INVALID_BODY'],
    [{ ...body, workflowRunId: 'ü' }, 'INVALID_RUN_ID'],
    [{ ...body, workflowRunId: 5 }, 'INVALID_RUN_ID'],
    [{ step: body.step }, 'INVALID_RUN_ID'],
  ])('%j is none: %s', (sent, code) => {
    expect(codeOf(parse(sent))).toBe(code);
  });

  it('refuses a child at no URL', () => {
    const headers = toHeaderMap(childHeaders);
    const input = { destination: 'my-group', headers, body: JSON.stringify(body) };
    expect(codeOf(parseSubmission(input, context))).toBe('INVALID_DESTINATION');
  });

  it.each(['"step":{', '"body":'])('is not shaken by deep nesting at %s', (place) => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const sent = JSON.stringify({ ...body, body: 0 });
    const nested =
      place === '"body":' ? sent.replace('"body":0', `"body":${deep}`) : sent.replace(place, `${place}"x":${deep},`);
    const input = { destination: 'http://app/', headers: toHeaderMap(childHeaders), body: nested };
    expect(codeOf(parseSubmission(input, context))).toBe('INVALID_JSON');
  });

  it('never throws', () => {
    const any = fc.anything({ maxDepth: 3 });
    const changes = fc.record(
      { body: any, headers: any, workflowRunId: any, workflowUrl: fc.oneof(fc.webUrl(), any), step: any },
      { requiredKeys: [] },
    );
    const headers = fc.dictionary(
      fc.constantFrom(...Object.keys(childHeaders), '__proto__', 'upstash-delay'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(changes, headers, (some, more) => {
        const parsed = parse({ ...body, ...some }, { 'upstash-workflow-invoke': 'true', ...more });
        expect(parsed.ok || parsed.problem.message.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the bodies of a submission', () => {
  it('are found again wherever they are put', () => {
    const parsed = parse(body);
    if (!parsed.ok) throw new Error('refused');
    expect(withBodiesFrom(parsed.submission, 5)).toEqual({
      ...parsed.submission,
      body: 5,
      child: { ...(parsed.submission.kind === 'invoke' ? parsed.submission.child : {}), body: 6 },
    });
    const start = { 'upstash-workflow-invoke': undefined };
    const started = parse('x', start);
    expect(started.ok && withBodiesFrom(started.submission, 5)).toMatchObject({ kind: 'start', body: 5 });
    expect(started).not.toHaveProperty('bodies');
  });
});
