import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import {
  canonicalHeaderName,
  deliverableForwards,
  forwardsOf,
  headerProblem,
  headersUnder,
  isHeaderName,
  isHeaderValue,
  toCanonicalHeaderLists,
  toHeaderMap,
  triggerConfigForwards,
} from './headers';

describe('header maps (rule 1)', () => {
  it('holds lower-case names and joins several values', () => {
    expect(toHeaderMap({ 'X-A': [' 1 ', '2'], 'Content-Type': 'text/plain ', gone: undefined })).toEqual({
      'x-a': '1,2',
      'content-type': 'text/plain',
    });
    expect(
      toHeaderMap([
        ['X-A', '1'],
        ['b', '3'],
        ['X-A', ' 2'],
      ]),
    ).toEqual({ 'x-a': '1,2', b: '3' });
  });

  it('lets the first of two spellings win, as in the headers of a wait', () => {
    expect(toHeaderMap({ 'Upstash-Workflow-RunId': ['wfr_1'], 'Upstash-Workflow-Runid': ['wfr_1'] })).toEqual({
      'upstash-workflow-runid': 'wfr_1',
    });
  });

  it('keeps a header called __proto__ as a header', () => {
    const map = toHeaderMap(JSON.parse('{"__proto__": "x"}') as Record<string, string>);
    expect(Object.entries(map)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
  });

  it('cuts a prefix', () => {
    const headers = { 'upstash-forward-my': '1', 'upstash-forward-': '2', 'upstash-callback-forward-x': '3' };
    expect(forwardsOf(headers)).toEqual({ my: '1' });
    expect(headersUnder(headers, 'upstash-callback-forward-')).toEqual({ x: '3' });
  });
});

describe('deliverableForwards (protocol.md 2.5)', () => {
  it('keeps what an older client repeats of an incoming request from breaking the delivery', () => {
    const repeated = {
      'content-length': '75',
      host: 'app',
      connection: 'keep-alive',
      'transfer-encoding': 'chunked',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      upgrade: 'h2c',
      expect: '100-continue',
      'accept-encoding': 'gzip',
      'user-agent': 'Upstash-QStash',
      'upstash-signature': 'x',
      'upstash-message-id': 'x',
      'upstash-retried': '1',
      'upstash-caller-ip': 'x',
      'upstash-region': 'x',
      'upstash-workflow-createdat': '1',
      'upstash-workflow-runid': 'wfr_other',
      'upstash-telemetry-sdk': 'x',
      'upstash-feature-set': 'x',
      'stepwell-steps': 'inline',
    };
    expect(deliverableForwards(repeated)).toEqual({});
  });

  it('delivers workflow flags, the label, authorization and what is the user’s', () => {
    const wanted = {
      'upstash-workflow-sdk-version': '1',
      'upstash-workflow-invoke-count': '2',
      'upstash-workflow-callback': 'true',
      'upstash-workflow-stepid': '1',
      'upstash-workflow-is-failure': 'true',
      'upstash-workflow-failure-callback': 'true',
      'upstash-workflow-unknown-sdk': 'true',
      'upstash-label': 'lab',
      authorization: 'Bearer x',
      'my-header': 'mv',
    };
    expect(deliverableForwards(wanted)).toEqual(wanted);
  });

  it('lets nothing through that cannot be written to a socket (rule 2)', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (forwards) => {
        for (const [name, value] of Object.entries(deliverableForwards(toHeaderMap(forwards)))) {
          // What Node itself would refuse to send.
          expect(() => {
            validateHeaderName(name);
            validateHeaderValue(name, value);
          }).not.toThrow();
        }
      }),
    );
  });
});

describe('triggerConfigForwards (protocol.md 5.2, 5.5)', () => {
  it('takes the user’s headers and no upstash one', () => {
    expect(
      triggerConfigForwards({
        'my-header': 'mv',
        authorization: 'a',
        host: 'h',
        'upstash-label': 'l',
        'upstash-workflow-unknown-sdk': 'true',
        'stepwell-steps': 'inline',
      }),
    ).toEqual({ 'my-header': 'mv', authorization: 'a' });
  });
});

describe('validity', () => {
  it('refuses what could start another header or break a client', () => {
    expect(['a\r\nb: c', 'a\nb', 'a\0', '\x7f', '✓'].some(isHeaderValue)).toBe(false);
    expect(['', 'text/plain; charset=utf-8', 'tab\tin', 'é'].every(isHeaderValue)).toBe(true);
    expect(['', 'a b', 'a:b', ':authority', 'é', 'a\n'].some(isHeaderName)).toBe(false);
    expect(['x-a', 'X_A', "!#$%&'*+-.^_`|~"].every(isHeaderName)).toBe(true);
  });

  it('names the offender', () => {
    expect(headerProblem({ ok: 'yes' })).toBeUndefined();
    expect(headerProblem({ 'bad name': 'x' })).toContain('"bad name"');
    expect(headerProblem({ ok: 'yes', bad: 'a\nb' })).toContain('header bad ');
  });
});

describe('canonical names', () => {
  it.each([
    ['content-type', 'Content-Type'],
    ['CONTENT-LENGTH', 'Content-Length'],
    ['x-resp', 'X-Resp'],
    ['etag', 'Etag'],
    ['www-authenticate', 'Www-Authenticate'],
    ['a--b-', 'A--B-'],
    ['x_y-1z', 'X_y-1z'],
    ['not a token', 'not a token'],
    ['', ''],
  ])('%p as Go writes it: %p', (name, expected) => {
    expect(canonicalHeaderName(name)).toBe(expected);
  });

  it('gives lists, and gathers spellings', () => {
    expect(
      toCanonicalHeaderLists({ 'content-type': 'a', 'set-cookie': ['b', 'c'], 'Set-Cookie': 'd', no: undefined }),
    ).toEqual({ 'Content-Type': ['a'], 'Set-Cookie': ['b', 'c', 'd'] });
  });
});
