/*
 * Nothing is to be logged that opens a door. What bears one of these names is replaced, at the top of a line and two levels down. (Not in
 * what a child logger is bound to: nobody makes one here.)
 *
 * Of our own, and not pino's `redact`: that one walks all paths of all names for each line, copying as it goes, and was a fifteenth of
 * everything the engine allocates.
 */
const NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'password',
  'secret',
  'signature',
  'token',
  'currentSigningKey',
  'nextSigningKey',
  'upstash-signature',
  'upstash-forward-authorization',
  'upstash-callback-forward-authorization',
  'upstash-failure-callback-forward-authorization',
]);
const LEVELS_BELOW = 2;
const CENSOR = '[redacted]';

type Fields = Record<string, unknown>;

/** The same object when there is nothing to hide. */
export const redacted = (fields: Fields): Fields =>
  hides(fields, LEVELS_BELOW) ? copied(fields, LEVELS_BELOW) : fields;

function hides(fields: object, levelsBelow: number): boolean {
  for (const [name, value] of Object.entries(fields)) {
    if (NAMES.has(name)) return true;
    if (levelsBelow > 0 && isObject(value) && hides(value, levelsBelow - 1)) return true;
  }
  return false;
}

/** Of the same kind, an error with its message and stack. */
function copied<Value extends object>(value: Value, levelsBelow: number): Value {
  const shown = (name: string, each: unknown): unknown => {
    if (NAMES.has(name)) return CENSOR;
    return levelsBelow > 0 && isObject(each) ? copied(each, levelsBelow - 1) : each;
  };
  if (Array.isArray(value)) return value.map((each: unknown) => shown('', each)) as unknown as Value;
  const copy = Object.create(Object.getPrototypeOf(value) as object, Object.getOwnPropertyDescriptors(value)) as Value;
  for (const [name, each] of Object.entries(value)) {
    Object.defineProperty(copy, name, { value: shown(name, each), enumerable: true });
  }
  return copy;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
