import type { RequestHeader } from '@stepwell/core';
import { REQUEST_HEADERS } from '@stepwell/core';
import type { Operation, PathParameterName } from '@stepwell/gateway/description';
import { PATH_PARAMETERS } from '@stepwell/gateway/description';
import type { JsonSchema, Schemas } from './schemas';

/* Where a request says something besides its body: in the path, the query, the headers. */

const MAX_ID_LENGTH = 512;

const HEADER_FORMS: Readonly<Record<(typeof REQUEST_HEADERS)[RequestHeader]['form'], JsonSchema>> = {
  count: { type: 'integer', minimum: 0 },
  duration: { type: 'string' },
  flag: { type: 'string', enum: ['true', 'false'] },
  text: { type: 'string' },
  'unix-seconds': { type: 'number' },
  url: { type: 'string', format: 'uri' },
};

/** OpenAPI has the media types of bodies for it, and ignores it among the headers. */
const NO_HEADER_PARAMETERS: readonly string[] = ['Content-Type'];

export class ParameterComponents {
  private readonly made = new Map<string, JsonSchema>();

  get components(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.made].sort(([one], [other]) => one.localeCompare(other)));
  }

  of(operation: Operation, schemas: Schemas): JsonSchema[] {
    return [
      ...namesIn(operation.path).map((name) => this.path(name)),
      ...queryOf(operation, schemas),
      ...(operation.headers ?? [])
        .filter((name) => !NO_HEADER_PARAMETERS.includes(name))
        .map((name) => this.header(name)),
    ];
  }

  private path(name: PathParameterName): JsonSchema {
    const { meaning, example, ...more } = PATH_PARAMETERS[name];
    const raw = 'raw' in more ? more.raw : undefined;
    return this.component(name, {
      name,
      in: 'path',
      required: true,
      description: meaning,
      schema: {
        type: 'string',
        minLength: 1,
        ...(raw === 'destination' ? { format: 'uri' } : { maxLength: MAX_ID_LENGTH }),
      },
      example,
      ...(raw === undefined ? {} : { 'x-unescaped': true }),
    });
  }

  private header(name: RequestHeader): JsonSchema {
    const { form, meaning } = REQUEST_HEADERS[name];
    const entry = REQUEST_HEADERS[name];
    return this.component(name, {
      name,
      in: 'header',
      description: meaning,
      schema: HEADER_FORMS[form],
      ...('example' in entry ? { example: entry.example } : {}),
    });
  }

  private component(name: string, parameter: JsonSchema): JsonSchema {
    this.made.set(name, parameter);
    return { $ref: `#/components/parameters/${name}` };
  }
}

const namesIn = (path: string): PathParameterName[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as PathParameterName);

function queryOf({ query }: Operation, schemas: Schemas): JsonSchema[] {
  if (query === undefined) return [];
  return schemas.propertiesOf(query).map(({ name, description, schema, required, commaList }) => {
    const howOften =
      schema['type'] !== 'array' ? [] : commaList ? ['Repeated, or one list with commas.'] : ['Repeated.'];
    const said = [...(description === undefined ? [] : [description]), ...howOften];
    return {
      name,
      in: 'query',
      ...(required ? { required } : {}),
      ...(said.length === 0 ? {} : { description: said.join(' ') }),
      schema,
    };
  });
}
