import fc from 'fast-check';

/* Values that a JSON schema allows, and what is made of them to go beyond it. */

export type Schema = Readonly<Record<string, unknown>>;
type Components = Readonly<Record<string, Schema>>;

const MAX_DEPTH = 5;

/** A value as the schema has it; of what it leaves open, anything. */
export function valueOf(schema: Schema, components: Components, depth = 0): fc.Arbitrary<unknown> {
  const within = (inner: unknown): fc.Arbitrary<unknown> => valueOf(inner as Schema, components, depth + 1);
  if (depth > MAX_DEPTH) return fc.constant(null);
  if (typeof schema['$ref'] === 'string') return within(components[schema['$ref'].split('/').pop() ?? ''] ?? {});
  const variants = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants)) return fc.oneof(...variants.map(within));
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const values = typed(schema, within);
  const { examples } = schema;
  return Array.isArray(examples) ? fc.oneof(values, fc.constantFrom(...(examples as unknown[]))) : values;
}

function typed(schema: Schema, within: (schema: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const [type, ...others] = [schema['type']].flat() as (string | undefined)[];
  if (others.length > 0) return fc.oneof(...[type, ...others].map((each) => typed({ ...schema, type: each }, within)));
  switch (type) {
    case 'object':
      return objectOf(schema, within);
    case 'array':
      return fc.array(within(schema['items'] ?? {}), { minLength: Number(schema['minItems'] ?? 0), maxLength: 4 });
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({ min: bound(schema['minimum'], -10), max: bound(schema['maximum'], 1_000) });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case undefined:
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

/** fast-check counts in 32 bits. */
const bound = (value: unknown, otherwise: number): number =>
  Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Number(value ?? otherwise)));

function objectOf(schema: Schema, within: (schema: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>);
  const named = fc.record(Object.fromEntries(properties.map(([name, inner]) => [name, within(inner)])), {
    requiredKeys: ((schema['required'] ?? []) as string[]).slice(),
  });
  const more = schema['additionalProperties'];
  if (typeof more !== 'object') return named;
  return fc
    .tuple(named, fc.dictionary(fc.string(), within(more), { maxKeys: 3 }))
    .map(([one, other]) => ({ ...one, ...other }));
}

const textOf = ({ minLength, maxLength }: Schema): fc.Arbitrary<string> =>
  fc.string({
    unit: 'binary',
    minLength: Number(minLength ?? 0),
    maxLength: Math.min(Number(maxLength ?? 30), 30),
  });

/** What people forget that a text, or any value, could be. */
export const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '-1',
  '1e400',
  '99999999999999999999',
  'ü€😀',
  '\ud800',
  '../..',
  '${7*7}',
  'a'.repeat(512),
  'a'.repeat(513),
  'x'.repeat(5_000),
];
const ODD_VALUES: readonly unknown[] = [null, true, 0, -1, 2 ** 53, 1e308, 0.5, [], {}, [[]], ...ODD_TEXTS];

/** The value with one thing within it, or itself, replaced or left out. */
const mutated = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(values, fc.constantFrom(...ODD_VALUES), fc.nat(), fc.boolean())
    .map(([value, odd, at, leftOut]) => changedAt(value, at, leftOut ? undefined : odd));

function changedAt(value: unknown, at: number, change: unknown): unknown {
  if (typeof value !== 'object' || value === null) return change;
  const keys = Object.keys(value);
  const place = at % (keys.length + 1);
  const key = keys[place];
  if (key === undefined) return change;
  const inner = changedAt((value as Record<string, unknown>)[key], Math.floor(at / (keys.length + 1)), change);
  if (Array.isArray(value))
    return value.flatMap((each, index) => (String(index) !== key ? [each] : inner === undefined ? [] : [inner]));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      name !== key ? [[name, each]] : inner === undefined ? [] : [[name, inner]],
    ),
  );
}

/** JSON text, and what is nearly JSON. */
export const jsonTextOf = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 6, arbitrary: values.map(written) },
    { weight: 4, arbitrary: mutated(values).map(written) },
    {
      weight: 1,
      arbitrary: fc.tuple(values.map(written), fc.nat()).map(([json, at]) => json.subarray(0, at % (json.length + 1))),
    },
    { weight: 1, arbitrary: fc.tuple(values.map(written), fc.nat()).map(([json, at]) => withByte(json, at)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        Buffer.from('['.repeat(50_000)),
        Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
        Buffer.from('{"__proto__":{"destination":"x"},"constructor":{"prototype":{}}}'),
        Buffer.from('[{"destination":1e999,"destination":{}}]'),
        Buffer.from('\ufeff[]'),
      ),
    },
  );

/** Nothing, if there is no JSON of it. */
const written = (value: unknown): Buffer => Buffer.from((JSON.stringify(value) as string | undefined) ?? '');

/** No UTF-8 any more. */
function withByte(json: Buffer, at: number): Buffer {
  const place = at % (json.length + 1);
  return Buffer.concat([json.subarray(0, place), Buffer.from([0xff]), json.subarray(place)]);
}
