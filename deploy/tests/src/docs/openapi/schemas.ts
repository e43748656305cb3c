import type { FormSource, ReferenceContext } from '@stepwell/gateway/description';
import { HEADER_LISTS } from '@stepwell/gateway/description';
import { getMetadataStorage, MAX, MIN, MIN_LENGTH, ValidationTypes } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import type { ClassComments } from './doc-comments';

export type JsonSchema = Readonly<Record<string, unknown>>;
type Class = abstract new (...args: never[]) => unknown;

/** A property of a class, as its decorators and the comment above it have it. */
export interface Property {
  readonly name: string;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** One text with commas counts as a list. */
  readonly commaList: boolean;
}

const headerLists = {
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
} as const;

/** Components that schemas refer to, each made of a class once. Descriptions are the comments of the code. */
export class Schemas {
  private readonly made = new Map<string, JsonSchema>();

  constructor(private readonly comments: ReadonlyMap<string, ClassComments>) {}

  /** By name, sorted. */
  get components(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.made].sort(([one], [other]) => one.localeCompare(other)));
  }

  of(source: FormSource): JsonSchema {
    if ('type' in source) return this.reference(source.type);
    if ('list' in source) return { type: 'array', items: this.of(source.list) };
    if ('anyOf' in source) return { anyOf: source.anyOf.map((each) => this.of(each)) };
    const { name, schema } = source;
    return name === undefined ? (schema as JsonSchema) : this.component(name, schema as JsonSchema);
  }

  /** Not a component: what stands in one place only. */
  objectOf(type: Class): JsonSchema {
    const about = this.comments.get(type.name)?.about;
    const properties = this.propertiesOf(type);
    const required = properties.filter((each) => each.required).map(({ name }) => name);
    return {
      type: 'object',
      ...(about === undefined ? {} : { description: about }),
      properties: Object.fromEntries(
        properties.map(({ name, description, schema }) => [
          name,
          description === undefined ? schema : { description, ...schema },
        ]),
      ),
      ...(required.length === 0 ? {} : { required }),
    };
  }

  /** Without those that are known and refused: nobody should use them. */
  propertiesOf(type: Class): Property[] {
    const { properties = {}, required = [] } = targetConstructorToSchema(type, {
      additionalConverters: {
        [HEADER_LISTS]: headerLists,
        [ValidationTypes.NESTED_VALIDATION]: ({ context }) => this.reference((context as Nested).of()),
        // The library calls whatever has a least or a most value a number, be it a whole one.
        [MIN]: ({ constraints }) => ({ minimum: constraints[0] as number }),
        [MAX]: ({ constraints }) => ({ maximum: constraints[0] as number }),
        [MIN_LENGTH]: ({ constraints: [least] }) => ((least as number) === 0 ? {} : { minLength: least as number }),
      },
    });
    const said = contextsOf(type);
    return Object.entries(properties as Record<string, JsonSchema>)
      .filter(([name]) => said.get(name)?.unserved !== true)
      .map(([name, schema]) => {
        const description = this.descriptionOf(type, name);
        return {
          name,
          schema,
          ...(description === undefined ? {} : { description }),
          required: required.includes(name),
          commaList: said.get(name)?.commaList === true,
        };
      });
  }

  private reference(type: Class): JsonSchema {
    if (this.made.has(type.name)) return referenceTo(type.name);
    // There already while its properties are looked at: they may be of its own class.
    this.component(type.name, {});
    return this.component(type.name, this.objectOf(type));
  }

  private component(name: string, schema: JsonSchema): JsonSchema {
    this.made.set(name, schema);
    return referenceTo(name);
  }

  /** Of the class, or of one that it extends. */
  private descriptionOf(type: Class, property: string): string | undefined {
    for (let at: unknown = type; typeof at === 'function' && at.name !== ''; at = Object.getPrototypeOf(at)) {
      const description = this.comments.get(at.name)?.properties.get(property);
      if (description !== undefined) return description;
    }
    return undefined;
  }
}

type Nested = Required<Pick<ReferenceContext, 'of'>>;

const referenceTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** What the decorators of each property say besides. */
function contextsOf(type: Class): ReadonlyMap<string, ReferenceContext> {
  const contexts = new Map<string, ReferenceContext>();
  for (const metadata of getMetadataStorage().getTargetValidationMetadatas(type, '', true, false)) {
    const context = (metadata.context ?? {}) as ReferenceContext;
    contexts.set(metadata.propertyName, { ...contexts.get(metadata.propertyName), ...context });
  }
  return contexts;
}
