import fc from 'fast-check';
import { errorBody } from '../rest/error-codes';
import { type Addressee, type AttemptEnd, judgeAttempt } from './outcome';

const SDK = { 'upstash-workflow-sdk-version': '1' };
/** From 1.0 on it says more of itself. */
const NEW_SDK = { ...SDK, 'upstash-workflow-sdk': 'v1.3.2' };
const ADDRESSEES: readonly Addressee[] = ['workflow-start', 'workflow-start-by-rest', 'workflow', 'elsewhere'];

function answer(status: number, headers: Record<string, string> = {}, body = ''): AttemptEnd {
  return { answered: true, status, headers, body: new TextEncoder().encode(body) };
}

/** As the official client answers a delivery during which a request of its own was refused. */
function clientError(message: string): string {
  return JSON.stringify({ error: 'QstashError', message, stack: `QstashError: ${message}\n    at Client.request` });
}

describe('judgeAttempt', () => {
  it('takes 2xx for success (rule 1)', () => {
    for (const addressee of ADDRESSEES) {
      expect(judgeAttempt(answer(200, NEW_SDK), addressee)).toEqual({ kind: 'succeeded' });
      expect(judgeAttempt(answer(299, NEW_SDK), addressee)).toEqual({ kind: 'succeeded' });
    }
  });

  it.each([301, 304, 400, 404, 429, 489, 500, 503])('retries %p (rule 1)', (status) => {
    for (const addressee of ADDRESSEES) {
      expect(judgeAttempt(answer(status), addressee)).toMatchObject({ kind: 'retry', code: 'HTTP_ERROR' });
    }
  });

  it('retries when no answer came, and says why', () => {
    const end: AttemptEnd = { answered: false, code: 'DELIVERY_TIMEOUT', message: 'no answer in 30s' };
    expect(judgeAttempt(end, 'workflow')).toEqual({
      kind: 'retry',
      code: 'DELIVERY_TIMEOUT',
      message: 'no answer in 30s',
    });
  });

  it('names the failed step where the endpoint does', () => {
    expect(judgeAttempt(answer(500, { 'upstash-error-step-name': 'charge' }), 'workflow')).toMatchObject({
      stepName: 'charge',
    });
    expect(judgeAttempt(answer(500), 'workflow')).not.toHaveProperty('stepName');
  });

  it('needs both the status and the header to give up at once (rule 2)', () => {
    const header = { 'upstash-nonretryable-error': 'true' };
    for (const addressee of ADDRESSEES) {
      expect(judgeAttempt(answer(489, header), addressee)).toMatchObject({ kind: 'fatal', code: 'NON_RETRYABLE' });
      expect(judgeAttempt(answer(489), addressee).kind).toBe('retry');
      expect(judgeAttempt(answer(489, { 'upstash-nonretryable-error': 'false' }), addressee).kind).toBe('retry');
      expect(judgeAttempt(answer(500, header), addressee).kind).toBe('retry');
    }
  });

  it('detects a non-workflow destination on the first delivery only, and only by a success (rule 2, protocol.md 5.6)', () => {
    expect(judgeAttempt(answer(200), 'workflow-start')).toMatchObject({
      kind: 'fatal',
      code: 'NON_WORKFLOW_DESTINATION',
    });
    expect(judgeAttempt(answer(200), 'workflow').kind).toBe('succeeded');
    expect(judgeAttempt(answer(200), 'elsewhere').kind).toBe('succeeded');
    expect(judgeAttempt(answer(500), 'workflow-start').kind).toBe('retry');
  });
});

it('detects a library from before 1.0 where a run was started over REST (rule 2, protocol.md 5.5)', () => {
  expect(judgeAttempt(answer(200, SDK), 'workflow-start-by-rest')).toMatchObject({ kind: 'fatal', code: 'OLD_CLIENT' });
  expect(judgeAttempt(answer(200), 'workflow-start-by-rest')).toMatchObject({ code: 'NON_WORKFLOW_DESTINATION' });
  expect(judgeAttempt(answer(503, SDK), 'workflow-start-by-rest').kind).toBe('retry');
  for (const other of ['workflow-start', 'workflow', 'elsewhere'] as const) {
    expect(judgeAttempt(answer(200, SDK), other).kind).toBe('succeeded');
  }
});

describe('our own outage (rule 3, B4)', () => {
  const ours = JSON.stringify(errorBody('UNAVAILABLE', 'no owner answered for "partition {7}"'));

  it.each([
    ['bare', ours],
    ['inside the client’s error', clientError(ours)],
    ['inside the client’s error for a parallel branch', clientError(`Error submitting steps …: QstashError: ${ours}`)],
    ['inside an endpoint’s own wrapping', JSON.stringify({ error: clientError(ours) })],
  ])('is recognised %s', (_, body) => {
    expect(judgeAttempt(answer(500, SDK, body), 'workflow').kind).toBe('outage');
    expect(judgeAttempt(answer(500, SDK, body), 'workflow-start').kind).toBe('outage');
  });

  it.each([
    ['another code of ours', clientError(JSON.stringify(errorBody('INTERNAL')))],
    ['a service that uses the same word', clientError('{"error":{"code":503,"status":"UNAVAILABLE"}}')],
    ['a code without an error text', clientError('{"code":"UNAVAILABLE"}')],
    ['words', 'UNAVAILABLE'],
    ['broken JSON', '{"error":"x","code":"UNAVAILABLE"'],
    ['too deep a nesting', clientError(clientError(clientError(clientError(ours))))],
    ['a large page', `${' '.repeat(70_000)}${ours}`],
  ])('is not %s', (_, body) => {
    expect(judgeAttempt(answer(500, SDK, body), 'workflow').kind).toBe('retry');
  });

  it('is not believed of a third party, nor seen in a success, nor above a non-retryable error', () => {
    expect(judgeAttempt(answer(503, {}, ours), 'elsewhere').kind).toBe('retry');
    expect(judgeAttempt(answer(200, SDK, ours), 'workflow').kind).toBe('succeeded');
    expect(judgeAttempt(answer(489, { 'upstash-nonretryable-error': 'true' }, ours), 'workflow').kind).toBe('fatal');
  });

  it('is looked for without ever throwing', () => {
    const bodies = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => new TextEncoder().encode(`UNAVAILABLE ${json}`)),
    );
    fc.assert(
      fc.property(bodies, fc.integer({ min: 100, max: 599 }), (body, status) => {
        const { kind } = judgeAttempt({ answered: true, status, headers: SDK, body }, 'workflow');
        expect(kind).toBe(status >= 200 && status < 300 ? 'succeeded' : 'retry');
      }),
    );
  });
});
