import { validateSync } from 'class-validator';
import type { ConfigProblem } from './config.error';
import { ConfigError } from './config.error';
import { misspeltSettings } from './misspelt-settings';
import { describeForm, readSettingText } from './setting-text';
import type { ConfigClass, SettingDeclaration } from './setting.decorator';
import { declarationsOf, partsOf } from './setting.decorator';

/**
 * The one reader of the environment.
 *
 * 1. Every problem is found before any is reported ({@link ConfigError}).
 * 2. An empty variable counts as unset: compose files and charts write `NAME=` for "nothing".
 * 3. A secret's value appears in no message.
 * 4. A name that looks like a misspelt setting is a warning, not an error: the environment is shared with other services.
 *
 * @throws ConfigError
 */
export function loadConfig<Config extends object>(
  configClass: ConfigClass<Config>,
  env: NodeJS.ProcessEnv = process.env,
  onWarning: (text: string) => void = () => undefined,
): Config {
  const declarations = declarationsOf(configClass);
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};

  for (const declaration of declarations) {
    const text = textOf(declaration, env);
    if (text === undefined) {
      if (!declaration.optional) {
        problems.push({ setting: declaration.name, problem: `is required: ${declaration.description}` });
      } else if (declaration.as === 'list') {
        values[declaration.property] = [];
      }
      continue;
    }
    const value = readSettingText(text, declaration.as);
    if (value === undefined) {
      problems.push({
        setting: declaration.name,
        problem: `is not a ${describeForm(declaration.as)}${shown(declaration, text)}`,
      });
      continue;
    }
    values[declaration.property] = value;
  }

  const config = Object.assign(new configClass(), values);
  const broken = rulesBroken(configClass, config);
  for (const declaration of declarations) {
    if (!(declaration.property in values)) continue;
    for (const rule of broken.get(declaration.property) ?? []) {
      problems.push({
        setting: declaration.name,
        problem: `${rule}${shown(declaration, textOf(declaration, env) ?? '')}`,
      });
    }
  }

  for (const { name, meant } of misspeltSettings(declarations, env)) {
    onWarning(`${name} is not a setting of this service; did you mean ${meant}?`);
  }
  if (problems.length > 0) {
    const names = declarations.map(({ name }) => name);
    const once = problems.filter(({ setting }, at) => problems.findIndex((other) => other.setting === setting) === at);
    throw new ConfigError(once.sort((a, b) => names.indexOf(a.setting) - names.indexOf(b.setting)));
  }
  return config;
}

/** A config with its defaults and the given values, without an environment: for tests, and for parents that configure children. */
export function configFrom<Config extends object>(
  configClass: ConfigClass<Config>,
  values: Partial<Config> = {},
): Config {
  const config: Record<string, unknown> = {};
  for (const declaration of declarationsOf(configClass)) {
    if (declaration.default !== undefined) {
      config[declaration.property] = readSettingText(declaration.default, declaration.as);
    } else if (declaration.as === 'list') {
      config[declaration.property] = [];
    }
  }
  return Object.assign(new configClass(), config, values);
}

export interface SettingDescription {
  readonly name: string;
  readonly description: string;
  readonly form: string;
  /** As written in the environment; absent for required and optional settings. */
  readonly default?: string;
  readonly required: boolean;
  readonly secret: boolean;
}

/** What the reference table shows, and what manifests are checked against. */
export function describeSettings(configClass: ConfigClass): SettingDescription[] {
  const byName = new Map(declarationsOf(configClass).map((declaration) => [declaration.name, declaration]));
  return [...byName.values()].map((declaration) => ({
    name: declaration.name,
    description: declaration.description,
    form: describeForm(declaration.as),
    ...(declaration.default === undefined ? {} : { default: declaration.default }),
    required: declaration.default === undefined && !declaration.optional,
    secret: declaration.secret,
  }));
}

function textOf(declaration: SettingDeclaration, env: NodeJS.ProcessEnv): string | undefined {
  const given = env[declaration.name]?.trim();
  return given === undefined || given === '' ? declaration.default : given;
}

function shown(declaration: SettingDeclaration, text: string): string {
  return declaration.secret ? '' : ` (it is ${JSON.stringify(text)})`;
}

/** What class-validator says of each property. It looks its rules up by an object's class, so each part gets to see the values. */
function rulesBroken(configClass: ConfigClass, config: object): Map<string, Set<string>> {
  const broken = new Map<string, Set<string>>();
  for (const part of partsOf(configClass)) {
    const seen = Object.assign(Object.create(part.prototype as object) as object, config);
    for (const { property, constraints } of validateSync(seen, { forbidUnknownValues: false })) {
      const rules = broken.get(property) ?? new Set();
      for (const text of Object.values(constraints ?? {})) rules.add(text.replace(`${property} `, ''));
      broken.set(property, rules);
    }
  }
  return broken;
}
