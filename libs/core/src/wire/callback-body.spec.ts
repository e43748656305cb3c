import fc from 'fast-check';
import { assembleSegments, segmentsLength, type BodySegment } from './body-segments';
import { callbackBody } from './callback-body';
import type { MessageReport } from './message-report';
import { failureCallbackBody } from './failure-body';

const REPORT: MessageReport<string> = {
  status: 500,
  headers: [
    ['content-type', 'text/plain;charset=UTF-8'],
    ['x-resp', 'é"\\'],
  ],
  body: 'response',
  retried: 2,
  maxRetries: 2,
  sourceMessageId: 'msg_9',
  url: 'http://app/api/x',
  method: 'POST',
  sourceHeaders: { 'my-header': 'mv' },
  sourceBody: 'payload',
  notBeforeMs: 0,
  createdAtMs: 1795339961770,
  callerIp: '1.2.3.4',
  workflow: { runId: 'wfr_1', createdAtMs: 1795339961734 },
};

const bytesOf = (reference: string): Uint8Array => new TextEncoder().encode(reference);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function textOf(segments: readonly BodySegment<string>[]): string {
  const assembled = assembleSegments(segments, bytesOf);
  expect(segmentsLength(segments, (reference) => bytesOf(reference).byteLength)).toBe(assembled.byteLength);
  return Buffer.from(assembled).toString('utf8');
}

describe('failureCallbackBody (protocol.md 9.4)', () => {
  it('is the documented JSON, in the documented order, without spaces', () => {
    expect(textOf(failureCallbackBody({ ...REPORT, dlqId: 'dlq_1' }))).toBe(
      JSON.stringify({
        status: 500,
        header: { 'Content-Type': ['text/plain;charset=UTF-8'], 'X-Resp': ['é"\\'] },
        body: base64('response'),
        retried: 2,
        maxRetries: 2,
        dlqId: 'dlq_1',
        sourceMessageId: 'msg_9',
        url: 'http://app/api/x',
        method: 'POST',
        sourceHeader: { 'My-Header': ['mv'] },
        sourceBody: base64('payload'),
        notBefore: 0,
        createdAt: 1795339961770,
        callerIP: '1.2.3.4',
        workflowRunId: 'wfr_1',
        workflowCreatedAt: 1795339961734,
      }),
    );
  });
});

describe('callbackBody (protocol.md 8.3)', () => {
  it('has no dlqId, and leaves out absent bodies', () => {
    const callback = JSON.parse(
      textOf(callbackBody<string>({ ...REPORT, body: undefined, sourceBody: undefined })),
    ) as object;
    expect(callback).not.toHaveProperty('dlqId');
    expect(callback).not.toHaveProperty('body');
    expect(callback).not.toHaveProperty('sourceBody');
    expect(callback).toMatchObject({ status: 500, retried: 2, workflowRunId: 'wfr_1' });
  });

  it('keeps an empty body that is there', () => {
    expect(JSON.parse(textOf(callbackBody({ ...REPORT, body: '' })))).toMatchObject({ body: '' });
  });

  it('is never taken for an intermediate one: a failure counts as exhausted, a success does not', () => {
    expect(JSON.parse(textOf(callbackBody({ ...REPORT, status: 489, retried: 0 })))).toMatchObject({ retried: 2 });
    expect(JSON.parse(textOf(callbackBody({ ...REPORT, status: 299, retried: 0 })))).toMatchObject({ retried: 0 });
  });

  it('refers to the bodies instead of holding them', () => {
    const references = callbackBody(REPORT).flatMap((segment) => ('base64Of' in segment ? [segment.base64Of] : []));
    expect(references).toEqual(['response', 'payload']);
  });
});

it('both are what JSON.stringify writes, whatever strangers send', () => {
  const text = fc.string({ unit: 'binary' });
  const headers = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('12', '__proto__', 'a', 'A')), fc.array(text));
  const body = fc.option(text, { nil: undefined });
  const reports = fc.record({
    status: fc.nat(599),
    headers,
    body,
    url: text,
    sourceHeaders: headers,
    sourceBody: body,
    callerIp: body,
    scheduleId: body,
  });
  fc.assert(
    fc.property(reports, text, (some, dlqId) => {
      const report = { ...REPORT, ...some };
      for (const json of [textOf(callbackBody(report)), textOf(failureCallbackBody({ ...report, dlqId }))]) {
        expect(json).toBe(JSON.stringify(JSON.parse(json)));
      }
    }),
  );
});
