import fc from 'fast-check';
import { parseInlineAnswer, saysInline, type InlineAnswer } from './inline-answer';
import type { Parsed } from './publish-options';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';

const RUN = 'wfr_1';
const URL = 'https://app.example/api';

const utf8 = new TextEncoder();
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

function parsed(answer: unknown, more: { readonly maxItems?: number } = {}): Parsed<InlineAnswer> {
  let made = 0;
  return parseInlineAnswer(answer instanceof Uint8Array ? answer : utf8.encode(JSON.stringify(answer)), {
    runId: RUN,
    messageIdIn: (runId) => `msg_${(made += 1)}.${runId}`,
    callerIp: '',
    nowMs: 1_000_000,
    limits: DEFAULT_SUBMISSION_LIMITS,
    maxItems: 10,
    ...more,
  });
}

function taken(answer: unknown): InlineAnswer {
  const found = parsed(answer);
  if (!found.ok) throw new Error(found.problem.message);
  return found.value;
}

const headers = (more: object = {}): object => ({
  'upstash-workflow-runid': RUN,
  'upstash-workflow-url': URL,
  'upstash-feature-set': 'WF_TriggerOnConfig',
  ...more,
});
const step = (stepId: number, more: object = {}): object => ({
  destination: URL,
  headers: headers(),
  body: JSON.stringify({ stepId, stepName: `s${stepId}`, stepType: 'Run', out: '1', concurrent: 1, ...more }),
});
const call = {
  destination: 'https://third.example/',
  headers: headers({
    'upstash-workflow-calltype': 'toCallback',
    'upstash-callback': URL,
    'upstash-callback-forward-upstash-workflow-stepid': '1',
    'upstash-callback-forward-upstash-workflow-stepname': 'c',
    'upstash-callback-forward-upstash-workflow-steptype': 'Call',
    'upstash-callback-forward-upstash-workflow-concurrent': '1',
  }),
  body: { to: 'them' },
};
const invoke = {
  destination: 'https://app.example/child',
  headers: {
    'upstash-workflow-init': 'true',
    'upstash-workflow-invoke': 'true',
    'upstash-workflow-runid': 'wfr_child',
  },
  body: JSON.stringify({
    body: '"hi"',
    headers: headers(),
    workflowRunId: RUN,
    workflowUrl: URL,
    step: { stepId: 2, stepName: 'i', stepType: 'Invoke', concurrent: 1 },
  }),
};

describe('an answer that is taken', () => {
  it('holds items as of a batch, each with its bodies, and the end', () => {
    const answer = taken({ submissions: [step(1), call, invoke], finish: { body: '{"done":true}' } });
    expect(answer.submissions.map(({ kind, messageId }) => [kind, messageId])).toEqual([
      ['step', 'msg_1.wfr_1'],
      ['call', 'msg_2.wfr_1'],
      ['invoke', 'msg_4.wfr_1'],
    ]);
    const [first, second, third] = answer.submissions;
    expect(textOf(answer.bodies[first?.body ?? -1])).toContain('"stepName":"s1"');
    expect(textOf(answer.bodies[second?.body ?? -1])).toBe('{"to":"them"}');
    expect(textOf(answer.bodies[third?.body ?? -1])).toContain('"stepType":"Invoke"');
    expect(third?.kind === 'invoke' && textOf(answer.bodies[third.child.body])).toBe('"hi"');
    expect(textOf(answer.bodies[answer.finish?.result ?? -1])).toBe('{"done":true}');
  });

  it.each([
    ['nothing at all', {}, { submissions: [], bodies: [] }],
    ['null for what isn’t there', { submissions: null, finish: null }, { submissions: [], bodies: [] }],
    ['fields of later versions', { submissions: [], tails: 3 }, { submissions: [], bodies: [] }],
    ['an end without a result', { finish: {} }, { submissions: [], bodies: [], finish: {} }],
    ['an empty result, which is none', { finish: { body: '' } }, { submissions: [], bodies: [], finish: {} }],
    [
      'a result that isn’t text',
      { finish: { body: [1] } },
      { submissions: [], bodies: [utf8.encode('[1]')], finish: { result: 0 } },
    ],
  ])('may hold %s', (_what, answer, expected) => {
    expect(parsed(answer)).toEqual({ ok: true, value: expected });
  });

  it('has names of headers in any case, lists of values, and what a copy of our own says is dropped', () => {
    const given = {
      'Upstash-Workflow-RunId': [RUN],
      'Upstash-Forward-Stepwell-Steps': 'inline',
      'Upstash-Forward-X': 'y',
    };
    const answer = taken({ submissions: [{ ...step(1), headers: given }] });
    expect(answer.submissions[0]?.forwards).toEqual([['x', 'y']]);
  });
});

describe('an answer that is refused', () => {
  const broken = (more: object): object => ({ submissions: [step(1), { ...step(2), ...more }] });

  it.each<[what: string, answer: unknown, code: string, message: RegExp]>([
    ['no JSON', utf8.encode('ok'), 'INVALID_JSON', /JSON/],
    ['nothing', new Uint8Array(), 'INVALID_JSON', /JSON/],
    ['no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'INVALID_JSON', /UTF-8/],
    ['a list', [step(1)], 'INVALID_BODY', /object/],
    ['null', null, 'INVALID_BODY', /object/],
    ['submissions that are no list', { submissions: step(1) }, 'INVALID_BODY', /list/],
    ['an end that is no object', { finish: 'done' }, 'INVALID_BODY', /finish/],
    ['too many', { submissions: Array.from({ length: 11 }, (_, i) => step(i + 1)) }, 'QUOTA_EXCEEDED', /10/],
    ['an item that is none', { submissions: [step(1), 7] }, 'INVALID_BODY', /^submission 1: /],
    ['an item without a destination', broken({ destination: undefined }), 'INVALID_BODY', /^submission 1: destination/],
    ['an item for a URL group', broken({ destination: 'group' }), 'INVALID_DESTINATION', /^submission 1: /],
    ['an item for a queue', broken({ queue: 'q' }), 'NOT_SUPPORTED', /^submission 1: queues/],
    ['a queue that is no text', broken({ queue: 7 }), 'INVALID_BODY', /^submission 1: queue/],
    ['headers that are none', broken({ headers: { a: 1 } }), 'INVALID_BODY', /^submission 1: headers/],
    ['headers in a list', broken({ headers: [['a', 'b']] }), 'INVALID_BODY', /^submission 1: headers/],
    ['a step that is none', broken({ body: '{}' }), 'INVALID_BODY', /^submission 1: stepId/],
    ['a plain message', broken({ headers: {} }), 'NOT_SUPPORTED', /^submission 1: messages outside/],
    ['more retries than allowed', broken({ headers: headers({ 'upstash-retries': '101' }) }), 'QUOTA_EXCEEDED', /100/],
    ['a longer sleep than allowed', broken({ headers: headers({ 'upstash-delay': '400d' }) }), 'QUOTA_EXCEEDED', /366/],
    [
      'a step of another run',
      broken({ headers: headers({ 'upstash-workflow-runid': 'wfr_2' }) }),
      'INVALID_RUN_ID',
      /another run/,
    ],
  ])('is one with %s', (_what, answer, code, message) => {
    expect(parsed(answer)).toEqual({ ok: false, problem: { code, message: expect.stringMatching(message) } });
  });

  it('is told of a nesting that can’t be written again', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    for (const text of [`{"finish":{"body":${deep}}}`, `{"submissions":[{"destination":"${URL}","body":${deep}}]}`]) {
      const found = parsed(utf8.encode(text));
      expect(found.ok ? 'taken' : found.problem.code).toBe('INVALID_JSON');
    }
  });
});

describe('whatever an endpoint answers (rule 1)', () => {
  const value = fc.anything({ maxDepth: 3, withNullPrototype: false });
  const item = fc.oneof(
    { arbitrary: fc.constantFrom<object>(step(1), step(2), call, invoke), weight: 3 },
    value,
    fc.record({ destination: value, headers: value, body: value, queue: value }, { requiredKeys: [] }),
    fc.record({
      destination: fc.constant(URL),
      headers: fc.dictionary(
        fc.constantFrom(...Object.keys(headers()), 'upstash-delay', 'upstash-workflow-init'),
        value,
      ),
      body: fc.oneof(value, fc.json()),
    }),
  );
  const answers = fc.oneof(
    fc.uint8Array().map((bytes): unknown => bytes),
    value,
    fc.record(
      { submissions: fc.oneof(fc.array(item), value), finish: fc.oneof(fc.record({ body: value }), value) },
      { requiredKeys: [] },
    ),
  );

  const jsonOf = (answer: unknown): Uint8Array => {
    if (answer instanceof Uint8Array) return answer;
    try {
      return utf8.encode(JSON.stringify(answer));
    } catch {
      return new Uint8Array();
    }
  };

  it('is taken as a whole, every index a body of its own, or refused with a code and a sentence', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const found = parsed(jsonOf(answer));
        if (!found.ok) {
          expect(found.problem.message).not.toBe('');
          return;
        }
        const { submissions, bodies, finish } = found.value;
        const named = submissions.flatMap((each) =>
          each.kind === 'invoke' ? [each.body, each.child.body] : [each.body],
        );
        if (finish?.result !== undefined) named.push(finish.result);
        expect(named).toEqual(bodies.map((_, index) => index));
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  [[['stepwell-steps', 'inline']], true],
  [[['stepwell-steps', ' Inline ']], true],
  [[['stepwell-steps', 'tails, inline']], true],
  [[['stepwell-steps', 'inlined']], false],
  [[['stepwell-steps', '']], false],
  [[['steps', 'inline']], false],
  [[], false],
] as const)('%j says so: %p', (given, expected) => {
  expect(saysInline(given)).toBe(expected);
});
