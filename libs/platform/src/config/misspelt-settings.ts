import type { SettingDeclaration } from './setting.decorator';

const PREFIX = 'STEPWELL_';
/** Two slips of the finger. More, and two right names (…_HOST, …_PORT) would look like misspellings of each other. */
const MAX_SLIPS = 2;

/** Names in the environment that nobody asked for and that look like a setting which is not set. */
export function misspeltSettings(
  declarations: readonly SettingDeclaration[],
  env: NodeJS.ProcessEnv,
): { name: string; meant: string }[] {
  const known = new Set(declarations.map(({ name }) => name));
  const unset = declarations.map(({ name }) => name).filter((name) => env[name] === undefined);
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name))
    .flatMap((name) => {
      const meant = unset.find((candidate) => slips(name, candidate) <= MAX_SLIPS);
      return meant === undefined ? [] : [{ name, meant }];
    });
}

/** Levenshtein distance, row by row. */
function slips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
