import { join } from 'node:path';

import type { Operation } from '@stepwell/gateway/description';
import { operations, sourceOf } from '@stepwell/gateway/description';
import { repositoryRoot } from '../../house/workspaces';
import { classComments } from './doc-comments';
import { ParameterComponents } from './parameters';
import { errorSchema, JSON_TYPE, ResponseComponents } from './responses';
import type { JsonSchema } from './schemas';
import { Schemas } from './schemas';

const DESCRIPTION = `The wire protocol of Upstash Workflow, as this server speaks it, below \`/v2\`; what is different is on the page of compatibility. What is
only here is below \`/v1\`.

- What a path below \`/v2\` ends with is taken unescaped: a whole URL with its query, or an id. Paths below \`/v1\` are the server's own, and
  escaped like any others.
- Lists in a query are repeated parameters. Unknown parameters are refused, so that a misspelt filter never means "all".
- Bodies are taken as bytes, whatever their content type says.
- Wherever GET is possible HEAD is, too.
- Another method than these is answered with 405 and an \`Allow\` header, an unknown path with 404, and what the hosted service has and
  this server does not yet with 501: \`${['METHOD_NOT_ALLOWED', 'NOT_FOUND', 'NOT_SUPPORTED'].join('`, `')}\`.`;

const TAGS = ['Starts and steps', 'Runs', 'Events', 'Messages', 'Dead letters', 'Server'];

/** OpenAPI 3.1 of everything that the gateway answers, made from its code. */
export function openApiDocument(described: readonly Operation[] = operations()): JsonSchema {
  const schemas = new Schemas(classComments(join(repositoryRoot, 'services/gateway/src')));
  const parameters = new ParameterComponents();
  const responses = new ResponseComponents();
  const paths = new Map<string, Record<string, JsonSchema>>();
  for (const operation of described) {
    const item = paths.get(operation.path) ?? {};
    item[operation.method.toLowerCase()] = operationOf(operation, { schemas, parameters, responses });
    paths.set(operation.path, item);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Stepwell',
      summary: 'Durable workflows over plain HTTP',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      version: 'v2',
    },
    servers: [{ url: 'http://127.0.0.1:8080', description: 'As `npm start` serves it' }],
    security: [{ bearer: [] }, { query: [] }],
    tags: TAGS.filter((tag) => described.some((operation) => operation.tag === tag)).map((name) => ({ name })),
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The server’s token, `QSTASH_TOKEN` of the clients.' },
        query: {
          type: 'apiKey',
          in: 'query',
          name: 'qstash_token',
          description: 'For callers that cannot set a header. It is cut out of destinations.',
        },
      },
      parameters: parameters.components,
      responses: responses.components,
      schemas: { Error: errorSchema, ...schemas.components },
    },
  };
}

interface Components {
  readonly schemas: Schemas;
  readonly parameters: ParameterComponents;
  readonly responses: ResponseComponents;
}

function operationOf(operation: Operation, { schemas, parameters, responses }: Components): JsonSchema {
  const { id, tag, summary, details, open } = operation;
  const all = parameters.of(operation, schemas);
  const body = bodyOf(operation, schemas);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(details === undefined ? {} : { description: details.replace(/(?<!\n)\n(?!\n|- )/g, ' ') }),
    ...(open ? { security: [] } : {}),
    ...(all.length === 0 ? {} : { parameters: all }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responses.of(operation, schemas),
  };
}

function bodyOf({ body, queryBody, method }: Operation, schemas: Schemas): JsonSchema | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (queryBody !== undefined) {
    return {
      description: 'The parameters of the query, as older clients send them; what the query says wins.',
      content: { [JSON_TYPE]: { schema: { ...schemas.objectOf(queryBody), additionalProperties: false } } },
    };
  }
  if (body === undefined) return undefined;
  const { details, required, json } = body;
  return {
    description: details.replace(/\n/g, ' '),
    ...(required ? { required } : {}),
    content: json === undefined ? { '*/*': { schema: {} } } : { [JSON_TYPE]: { schema: schemas.of(sourceOf(json)) } },
  };
}
