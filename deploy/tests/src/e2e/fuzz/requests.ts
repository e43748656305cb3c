import type { ApiReference, DescribedOperation, Parameter } from '@stepwell/gateway/testing';
import fc from 'fast-check';
import { DEV } from '../stepwell-under-test';
import type { RawRequest } from './raw-exchange';
import type { Schema } from './schema-values';
import { jsonTextOf, ODD_TEXTS, valueOf } from './schema-values';

/*
 * Requests made from the reference of the API, and beyond it.
 *
 * 1. Nothing of it leaves this machine: wherever a URL could stand there is one of the given URLs, or no URL.
 * 2. What works on many runs at once is held to those that strangers have started, by a label; others run beside them.
 */

/** Runs that strangers start are called so, and have the label. */
const FUZZ_LABEL = 'fuzz';
const RUN_IDS = ['wfr_fuzz_1', 'wfr_fuzz_2', 'wfr_fuzz_3'];

/** What requests can be about. */
export interface FuzzTargets {
  /** Where deliveries may go. */
  readonly urls: readonly string[];
  readonly messageIds: readonly string[];
  readonly dlqIds: readonly string[];
}

export class FuzzRequests {
  constructor(
    private readonly reference: ApiReference,
    private readonly targets: FuzzTargets,
  ) {
    this.ids = {
      workflowRunId: [...RUN_IDS, 'order%2017/%C3%BC'],
      eventId: ['event-1', 'event/2', '%C3%A9%20'],
      userId: ['defaultUser', 'nobody'],
      messageId: [...targets.messageIds, 'msg_1.wfr_fuzz_1'],
      dlqId: [...targets.dlqIds, 'dlq_1.wfr_fuzz_1'],
    };
  }

  private readonly ids: Readonly<Record<string, readonly string[]>>;

  /** Of any operation. */
  get any(): fc.Arbitrary<RawRequest> {
    const known = this.reference.operations.map((operation) => ({
      // Where a run can begin or go on there is most to go wrong.
      weight: operation.method === 'POST' && Object.keys(operation.bodies).length > 0 && !operation.open ? 6 : 1,
      arbitrary: this.of(operation),
    }));
    return fc.oneof({ weight: 9, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: this.unknown });
  }

  private of(operation: DescribedOperation): fc.Arbitrary<RawRequest> {
    const { parameters } = operation;
    return fc
      .record({
        method: sometimes(
          fc.constant(operation.method),
          fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'BREW'),
          20,
        ),
        path: this.pathOf(operation),
        query: this.queryOf(parameters.filter((each) => each.in === 'query')),
        headers: this.headersOf(parameters.filter((each) => each.in === 'header')),
        token: fc.constantFrom<Token>(...Array<Token>(12).fill('header'), 'query', 'none', 'wrong'),
        body: this.bodyOf(operation),
      })
      .map(({ method, path, query, headers, token, body }) => ({
        method,
        target: withQuery(path, [
          ...heldTo(operation),
          ...query,
          ...(token === 'query' ? [`qstash_token=${DEV.token}`] : []),
        ]),
        headers: [...authorization(token), ...headers],
        body: method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : body,
      }));
  }

  /** Paths that nobody knows, or nearly. */
  private get unknown(): fc.Arbitrary<RawRequest> {
    const segment = fc.oneof(
      fc.constantFrom(
        'v2',
        'batch',
        'workflows',
        'runs',
        'dlq',
        'keys',
        'schedules',
        'queues',
        '%76%32',
        '..',
        '.',
        '',
        '%2F',
        '*',
      ),
      oddText,
    );
    return fc
      .tuple(fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS'), fc.array(segment, { maxLength: 5 }))
      .map(([method, segments]) => ({
        method,
        target: latin1(`/${segments.join('/')}`),
        headers: authorization('header'),
        body: Buffer.alloc(0),
      }));
  }

  private pathOf({ path }: DescribedOperation): fc.Arbitrary<string> {
    const parts = path.split(/\{(\w+)\}/);
    const filled = parts.map((part, at) => (at % 2 === 0 ? fc.constant(part) : this.idOf(part)));
    return fc.tuple(...filled).map((texts) => latin1(texts.join('')));
  }

  private idOf(name: string): fc.Arbitrary<string> {
    if (name === 'destination') return sometimes(this.url, oddTarget, 4);
    return sometimes(
      fc.constantFrom(...(this.ids[name] ?? ['x'])),
      fc.oneof(oddTarget, fc.constantFrom('%zz', '%00', '%2F', 'a%', '%FF', '%F0%9F')),
      4,
    );
  }

  private queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string[]> {
    const pairs = parameters.map(({ name, schema }) =>
      this.textsOf(schema).map((texts) => texts.map((text) => `${name}=${encodeURIComponent(wellFormed(text))}`)),
    );
    const stranger = fc.constantFrom(
      'labeel=x',
      '__proto__=x',
      'x[]=1',
      'a',
      '=',
      '&',
      '%',
      'constructor[prototype]=1',
      'count=1&count=2',
    );
    if (pairs.length === 0)
      return fc.oneof(
        { weight: 9, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: stranger.map((one) => [one]) },
      );
    return fc.tuple(someOf(pairs, 4), rarely(stranger, 8)).map(([some, odd]) => [...some.flat(), ...odd]);
  }

  /** Of a list one or several. */
  private textsOf(schema: Schema): fc.Arbitrary<string[]> {
    const values = valueOf(schema, {}).map((value) => (Array.isArray(value) ? value : [value]).map(String));
    return sometimes(
      values,
      oddText.map((text) => [text]),
      4,
    );
  }

  private headersOf(parameters: readonly Parameter[]): fc.Arbitrary<(readonly [string, string])[]> {
    const known = parameters.map(({ name, schema, example }) =>
      sometimes(this.headerValue(name, schema, example), oddText, 12).map((value) => [name, latin1(value)] as const),
    );
    const stranger = fc.constantFrom<readonly [string, string]>(
      ['Upstash-Forward-X', 'a\r\nInjected: yes'],
      ['Upstash-Forward-Upstash-Signature', 'x'],
      ['Upstash-Anything', 'x'],
      ['__proto__', 'x'],
      ['Content-Type', '@@@;;'],
      ['Content-Type', 'application/json; charset=utf-16'],
      ['Content-Encoding', 'gzip'],
      ['Expect', 'miracles'],
      ['Transfer-Encoding', 'gzip'],
      ['X-Forwarded-For', '\u00ff\u00fe'],
      ['Upstash-Label', 'a, b'],
      ['bad name', 'x'],
      ['X', '\u0000'],
      ['X', 'x'.repeat(70_000)],
    );
    const kind = parameters.some(({ name }) => name === 'Upstash-Workflow-CallType')
      ? this.kind
      : fc.constant<(readonly [string, string])[]>([]);
    return fc
      .tuple(kind, someOf(known, 6), rarely(stranger, 8))
      .map(([first, some, odd]) => [
        ['Upstash-Label', FUZZ_LABEL] as const,
        ...first,
        ...some.filter(([name]) => name !== 'Upstash-Label'),
        ...odd,
      ]);
  }

  /** What a publish is meant as; nothing in particular, too. */
  private get kind(): fc.Arbitrary<(readonly [string, string])[]> {
    const [url = ''] = this.targets.urls;
    const callback = 'Upstash-Callback-Forward-Upstash-Workflow';
    const kinds: (readonly [string, string])[][] = [
      [],
      [['Upstash-Workflow-Init', 'true']],
      [['Upstash-Workflow-CallType', 'step']],
      [
        ['Upstash-Workflow-Init', 'true'],
        ['Upstash-Workflow-Invoke', 'true'],
      ],
      [
        ['Upstash-Workflow-CallType', 'toCallback'],
        ['Upstash-Callback', url],
        [`${callback}-StepId`, '1'],
        [`${callback}-StepName`, 's'],
        [`${callback}-StepType`, 'Call'],
        [`${callback}-Concurrent`, '1'],
      ],
    ];
    return fc
      .tuple(fc.constantFrom(...kinds), fc.constantFrom(...RUN_IDS))
      .map(([kind, runId]) => (kind.length === 0 ? [] : [['Upstash-Workflow-RunId', runId], ...kind]));
  }

  private headerValue(name: string, schema: Schema, example: unknown): fc.Arbitrary<string> {
    if (schema['format'] === 'uri') return this.url;
    if (name === 'Upstash-Workflow-RunId') return fc.constantFrom(...RUN_IDS);
    const values = valueOf(schema, {}).map(String);
    return example === undefined ? values : fc.oneof(values, fc.constant(example as string));
  }

  private bodyOf({ bodies }: DescribedOperation): fc.Arbitrary<Buffer> {
    const schema = bodies['application/json'];
    if (schema === undefined) return '*/*' in bodies ? this.anyBody : fc.constant(Buffer.alloc(0));
    return jsonTextOf(valueOf(schema, this.reference.document.components.schemas).map((value) => this.atHome(value)));
  }

  /** Bytes, and what the protocol puts into bodies that may be any. */
  private get anyBody(): fc.Arbitrary<Buffer> {
    const step = { stepId: 1, stepName: 's', stepType: 'Run', out: '1', concurrent: 1 };
    const invoke = { body: 'x', headers: {}, workflowRunId: RUN_IDS[0], workflowUrl: this.targets.urls[0], step };
    return fc.oneof(
      jsonTextOf(fc.constantFrom<unknown>(step, { ...step, stepId: 0, targetStep: 1 }, invoke)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
  }

  private get url(): fc.Arbitrary<string> {
    return fc
      .tuple(
        fc.constantFrom(...this.targets.urls),
        fc.constantFrom('', '?a=b', '?x=/y&qstash_token=z', '#f', '/%2F/..//', '?%zz'),
      )
      .map(([url, rest]) => url + rest);
  }

  /** Rules 1 and 2, in a body: texts of destinations and labels are ours. */
  private atHome(value: unknown, key = ''): unknown {
    if (typeof value === 'string' && /destination|url/i.test(key))
      return this.targets.urls[value.length % this.targets.urls.length];
    // A queue would refuse all the rest of its batch.
    if (key === 'queue') return null;
    if (Array.isArray(value)) return value.map((each) => this.atHome(each, key));
    if (typeof value !== 'object' || value === null) return value;
    const inner = Object.entries(value).map(([name, each]): [string, unknown] => [name, this.atHome(each, name)]);
    const named =
      key === 'headers'
        ? {
            'upstash-workflow-runid': RUN_IDS[inner.length % 3],
            'upstash-workflow-init': 'true',
            'upstash-label': FUZZ_LABEL,
          }
        : {};
    return { ...Object.fromEntries(inner), ...named };
  }
}

type Token = 'header' | 'query' | 'none' | 'wrong';

const authorization = (token: Token): (readonly [string, string])[] => {
  if (token === 'header') return [['Authorization', `Bearer ${DEV.token}`]];
  return token === 'wrong' ? [['Authorization', 'Bearer wrong']] : [];
};

/** Rule 2. The query's label wins over a body's. */
const heldTo = ({ method, path }: DescribedOperation): string[] =>
  method !== 'GET' && /\/(runs|dlq|resume|restart)$/.test(path) ? [`label=${FUZZ_LABEL}`] : [];

const withQuery = (path: string, pairs: readonly string[]): string => {
  const query = latin1(pairs.join('&'));
  return query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
};

/** No text of ours is a URL of somebody else's. */
const oddText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ODD_TEXTS) },
    { weight: 5, arbitrary: fc.string({ maxLength: 20 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  )
  .map((text) => text.replace(/:\//g, ':'));

/** As an id or a URL: nearly always so that the request is one. */
const oddTarget = fc
  .tuple(oddText, fc.nat(9))
  .map(([text, bare]) => (bare === 0 ? text : wellFormed(text).replace(/[^!-~]/gu, encodeURIComponent)));

const someOf = <T>(arbitraries: readonly fc.Arbitrary<T>[], most: number): fc.Arbitrary<T[]> =>
  fc
    .subarray([...arbitraries], { maxLength: Math.min(most, arbitraries.length) })
    .chain((some) => (some.length === 0 ? fc.constant<T[]>([]) : fc.tuple(...some)));

const rarely = <T>(value: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T[]> =>
  sometimes(
    fc.constant<T[]>([]),
    value.map((one) => [one]),
    oneIn,
  );

const sometimes = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** One byte a character; what is more is sent as UTF-8. Spaces would end a target, and a line break a line: they stay as they are. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

const wellFormed = (text: string): string => Buffer.from(text).toString();
