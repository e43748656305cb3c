/** What one check came to: a line for people, a record for programs. */
export interface Finding {
  /** Name of the check. */
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly text: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly todo?: string;
  /** It was mended, and is well now. */
  readonly mended?: true;
}

export const ok = (check: string, text: string): Finding => ({ check, status: 'ok', text });
export const mended = (check: string, text: string): Finding => ({ check, status: 'ok', text, mended: true });
export const warn = (check: string, text: string, todo?: string): Finding => ({
  check,
  status: 'warn',
  text,
  ...(todo === undefined ? {} : { todo }),
});
export const fail = (check: string, text: string, todo: string): Finding => ({ check, status: 'fail', text, todo });

/** `1 run`, `2 runs`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The first few of very many. */
export function some(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

const NAME_WIDTH = 12;

export function lineOf({ check, status, text, todo }: Finding): string {
  const line = `${status.padEnd(4)}  ${check.padEnd(NAME_WIDTH)}  ${text}`;
  return todo === undefined ? line : `${line}. To do: ${todo}`;
}

export const FIX = 'run `stepwell doctor --fix`';
