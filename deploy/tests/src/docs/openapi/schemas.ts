import type { FormSource, OfContext } from '@stepwell/gateway/description';
import { HEADER_LISTS } from '@stepwell/gateway/description';
import { MAX, MIN, MIN_LENGTH, ValidationTypes } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import type { ClassComments } from './doc-comments';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ObjectSchema extends JsonSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

type Class = abstract new (...args: never[]) => unknown;

const headerLists = {
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
} as const;

/** Components that schemas refer to, each made of a class once. Descriptions are the comments of the code. */
export class Schemas {
  private readonly made = new Map<string, ObjectSchema>();

  constructor(private readonly comments: ReadonlyMap<string, ClassComments>) {}

  /** By name, sorted. */
  get components(): Record<string, ObjectSchema> {
    return Object.fromEntries([...this.made].sort(([one], [other]) => one.localeCompare(other)));
  }

  of(source: FormSource): JsonSchema {
    if ('type' in source) return this.reference(source.type);
    if ('list' in source) return { type: 'array', items: this.of(source.list) };
    if ('anyOf' in source) return { anyOf: source.anyOf.map((each) => this.of(each)) };
    const { name, schema } = source;
    return name === undefined ? (schema as JsonSchema) : this.component(name, schema as ObjectSchema);
  }

  reference(type: Class): JsonSchema {
    if (!this.made.has(type.name)) {
      // There already while its properties are looked at: they may be of its own class.
      this.made.set(type.name, { properties: {} });
      return this.component(type.name, this.objectOf(type));
    }
    return referenceTo(type.name);
  }

  private component(name: string, schema: ObjectSchema): JsonSchema {
    this.made.set(name, schema);
    return referenceTo(name);
  }

  /** Not a component of its own: the parameters of a query. */
  objectOf(type: Class): ObjectSchema {
    const { properties, required } = targetConstructorToSchema(type, {
      additionalConverters: {
        [HEADER_LISTS]: headerLists,
        [ValidationTypes.NESTED_VALIDATION]: ({ context }) => this.reference((context as OfContext).of()),
        // The library calls whatever has a least or a most value a number, be it a whole one.
        [MIN]: ({ constraints }) => ({ minimum: constraints[0] as number }),
        [MAX]: ({ constraints }) => ({ maximum: constraints[0] as number }),
        [MIN_LENGTH]: ({ constraints }) =>
          (constraints[0] as number) === 0 ? {} : { minLength: constraints[0] as number },
      },
    });
    const about = this.comments.get(type.name)?.about;
    return {
      type: 'object',
      ...(about === undefined ? {} : { description: about }),
      properties: Object.fromEntries(
        Object.entries((properties ?? {}) as Record<string, JsonSchema>).map(([name, schema]) => [
          name,
          this.described(type, name, schema),
        ]),
      ),
      ...(required === undefined || required.length === 0 ? {} : { required }),
    };
  }

  private described(type: Class, property: string, schema: JsonSchema): JsonSchema {
    for (let at: unknown = type; typeof at === 'function' && at.name !== ''; at = Object.getPrototypeOf(at)) {
      const description = this.comments.get(at.name)?.properties.get(property);
      if (description !== undefined) return { description, ...schema };
    }
    return schema;
  }
}

const referenceTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
