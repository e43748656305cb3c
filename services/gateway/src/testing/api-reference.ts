import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv/dist/2020';
import { Ajv2020 } from 'ajv/dist/2020';
import { parse } from 'yaml';

/*
 * The API's reference as it is committed, and whether an answer is as it says. It lets answers have more than it says, so that it can
 * grow; here whatever it doesn't say is a fault.
 */

const FILE = join(__dirname, '../../../../deploy/docs/reference/openapi.yaml');
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

type Schema = Readonly<Record<string, unknown>>;
interface Reference {
  readonly $ref?: string;
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}
interface Described {
  readonly operationId: string;
  readonly security?: readonly [];
  readonly parameters?: readonly (Parameter & Reference)[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Reference & Content>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  /** With `{names}`. */
  readonly path: string;
  readonly open: boolean;
  readonly parameters: readonly Parameter[];
  /** By media type. */
  readonly bodies: Readonly<Record<string, Schema>>;
  readonly statuses: readonly number[];
}

export interface Answer {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

interface Known extends DescribedOperation {
  readonly pattern: RegExp;
  readonly responses: Described['responses'];
}

export class ApiReference {
  readonly document: Document;
  private readonly known: readonly Known[];
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly strictSchemas: Schema;

  constructor(file = FILE) {
    this.document = parse(readFileSync(file, 'utf8')) as Document;
    this.known = Object.entries(this.document.paths)
      .sort(([one], [other]) => precedenceOf(other) - precedenceOf(one))
      .flatMap(([path, item]) =>
        METHODS.filter((method) => item[method] !== undefined).map((method) =>
          this.knownOf(path, method, item[method] as Described),
        ),
      );
    this.strictSchemas = strict(this.document.components.schemas) as Schema;
  }

  get operations(): readonly DescribedOperation[] {
    return this.known;
  }

  /** The operation that a request is for, if there is one. */
  operationOf(method: string, target: string): DescribedOperation | undefined {
    return this.find(method, target);
  }

  /** What about the answer isn't as the reference says. Of what is not in it only that errors look like errors is known. */
  faultsOf(answer: Answer): string[] {
    const { method, target, status } = answer;
    const found = this.find(method, target) ?? (method === 'HEAD' ? this.find('GET', target) : undefined);
    if (found === undefined) {
      const isBare = status < 400 || (method === 'HEAD' && answer.body === '');
      return isBare ? [] : this.schemaFaults('Error', errorReference, answer);
    }
    const where = `${found.method} ${found.path} ${status}`;
    const response = this.resolved(found.responses[String(status)]);
    if (response === undefined) return [`${where}: the reference has no such status: ${answer.body.slice(0, 500)}`];
    const schema = response.content?.['application/json']?.schema;
    if (method === 'HEAD' && answer.body === '') return [];
    // What the HTTP parser gave up on has no method yet: even HEAD is answered with a body.
    if (schema === undefined) return this.schemaFaults('Error', errorReference, answer);
    if (answer.type !== undefined && !answer.type.startsWith('application/json')) {
      return [`${where}: the type is ${answer.type}`];
    }
    return this.schemaFaults(where, schema, answer);
  }

  private schemaFaults(where: string, schema: Schema, { body }: Answer): string[] {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      return [`${where}: no JSON: ${body.slice(0, 500)}`];
    }
    const validate = this.validatorOf(where, schema);
    if (validate(json)) return [];
    return [`${where}: ${this.ajv.errorsText(validate.errors)}: ${body.slice(0, 500)}`];
  }

  private validatorOf(where: string, schema: Schema): ValidateFunction {
    const made =
      this.validators.get(where) ??
      this.ajv.compile({ ...(strict(schema) as Schema), components: { schemas: this.strictSchemas } });
    this.validators.set(where, made);
    return made;
  }

  private find(method: string, target: string): Known | undefined {
    const [path = ''] = target.split('?', 1);
    // Where an id should follow and none does, there is nothing, whatever else has such a path for an id.
    if (this.known.some((each) => each.path.split('{', 1)[0] === path && each.path !== path)) return undefined;
    const found = this.known.find(({ pattern }) => pattern.test(path));
    // The first path that fits is the one the server takes it for, whatever methods that has.
    return found && this.known.find((each) => each.path === found.path && each.method === method);
  }

  private knownOf(path: string, method: string, described: Described): Known {
    return {
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      pattern: patternOf(path),
      open: described.security?.length === 0,
      parameters: (described.parameters ?? []).flatMap((each) => this.resolved(each) ?? []),
      bodies: Object.fromEntries(
        Object.entries(described.requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema]),
      ),
      statuses: Object.keys(described.responses).map(Number),
      responses: described.responses,
    };
  }

  private resolved<T>(value: (T & Reference) | undefined): T | undefined {
    if (value?.$ref === undefined) return value;
    const steps = value.$ref.split('/').slice(1);
    return steps.reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], this.document) as T;
  }
}

const errorReference = { $ref: '#/components/schemas/Error' };

/** More that is fixed comes first, then more ids. */
const precedenceOf = (path: string): number =>
  path.indexOf('{') * 10 + path.split('{').length + (path.includes('{') ? 0 : 1e6);

/** The last id holds the rest, slashes included; another one ends at the next. Of several each may be empty, and is refused as such. */
function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  const rest = path.split('{').length > 2 ? '.*' : '.+';
  return new RegExp(`^${escaped.replace(/\{\w+\}$/, rest).replace(/\{\w+\}/g, '[^/]*')}$`, 's');
}

/** The same schema, but an object has no properties that it doesn't name. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const within = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  const closed = within['type'] === 'object' && 'properties' in within && !('additionalProperties' in within);
  return closed ? { ...within, additionalProperties: false } : within;
}
