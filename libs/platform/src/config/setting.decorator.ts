import 'reflect-metadata';

/** How a setting's text is read. */
export const SETTING_FORMS = {
  text: 'text',
  number: 'number',
  flag: 'true or false',
  duration: 'duration, such as 500ms, 10s or 5m',
  bytes: 'size, such as 64kb or 10mb',
  list: 'list, separated by commas',
} as const;
export type SettingForm = keyof typeof SETTING_FORMS;

export interface SettingOptions {
  /** One sentence for the reference table and for whoever has to mend the setting. */
  readonly description: string;
  /** Default `text`. A duration becomes milliseconds, a size bytes, a list `string[]`. */
  readonly as?: SettingForm;
  /** As one would write it in the environment, so that the reference shows `5s` and not 5000. Without one the setting is required. */
  readonly default?: string;
  /** May be left out without there being a default: the property is `undefined` then, a list empty. */
  readonly optional?: boolean;
  /** The value is never shown, in no message. */
  readonly secret?: boolean;
}

export interface SettingDeclaration extends Required<Pick<SettingOptions, 'description' | 'optional' | 'secret'>> {
  readonly name: string;
  readonly property: string;
  readonly as: SettingForm;
  readonly default?: string;
}

export type ConfigClass<Config extends object = object> = new () => Config;

const declared = new WeakMap<object, SettingDeclaration[]>();
const combined = new WeakMap<object, readonly ConfigClass[]>();

/**
 * Ties a property of a config class to one environment variable. Name, default and description can be asked for
 * (`describeSettings`), so that documentation and manifests are compared with the code and not believed.
 */
export function Setting(name: string, options: SettingOptions): PropertyDecorator {
  return (target, property) => {
    const declaration: SettingDeclaration = {
      name,
      property: String(property),
      as: options.as ?? 'text',
      description: options.description,
      optional: options.optional ?? false,
      secret: options.secret ?? false,
      ...(options.default === undefined ? {} : { default: options.default }),
    };
    declared.set(target.constructor, [...(declared.get(target.constructor) ?? []), declaration]);
  };
}

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (member: infer All) => void
  ? All
  : never;

/** A base class with the settings of all the given ones: `class GatewayConfig extends settingsOf(CommonConfig, BusConfig) {}`. */
export function settingsOf<Parts extends ConfigClass[]>(
  ...parts: Parts
): ConfigClass<Intersection<InstanceType<Parts[number]>> & object> {
  const base = function Combined() {
    // Holds nothing: values are assigned by `loadConfig`.
  } as unknown as ConfigClass<Intersection<InstanceType<Parts[number]>> & object>;
  combined.set(base, parts);
  return base;
}

/** The class itself, its bases, and what `settingsOf` put among them, bases first. */
export function partsOf(configClass: ConfigClass): ConfigClass[] {
  const base: unknown = Object.getPrototypeOf(configClass);
  const inherited = isConfigClass(base) ? partsOf(base) : [];
  const mixed = (combined.get(configClass) ?? []).flatMap(partsOf);
  return [...new Set([...inherited, ...mixed, configClass])];
}

/**
 * Every setting of a config class, in the order of its parts. Two parts may read the same variable, each into its own property;
 * a class lower down may declare a property anew, for the same variable.
 *
 * @throws Error when two variables would be one property: the parts that are one process' must not take it from each other
 */
export function declarationsOf(configClass: ConfigClass): SettingDeclaration[] {
  const byProperty = new Map<string, SettingDeclaration>();
  for (const part of partsOf(configClass)) {
    for (const declaration of declared.get(part) ?? []) {
      const { property, name } = declaration;
      const before = byProperty.get(property);
      if (before && before.name !== name) throw new Error(`${before.name} and ${name} are both kept as ${property}`);
      byProperty.set(property, declaration);
    }
  }
  return [...byProperty.values()];
}

function isConfigClass(value: unknown): value is ConfigClass {
  return typeof value === 'function' && value !== Function.prototype;
}
