import type { Parsed } from './publish-options';

/** The five fields, with what each may hold; names count from its least value. */
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words?: string[];
}[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, words: MONTHS },
  { name: 'day of week', least: 0, most: 7, words: DAYS },
];

const TIME_ZONE = /^(?:CRON_TZ|TZ)=[A-Za-z0-9_+\-/]{1,64}\s+/;

/**
 * Whether a text is a cron expression of protocol.md 13.5: five fields, minute resolution, optionally after `CRON_TZ=Area/City `. Says
 * nothing about when it is due: schedules are not served yet, and a mistake in one is worth telling all the same.
 */
export function parseCron(text: string): Parsed<string> {
  const fields = text.trim().replace(TIME_ZONE, '').split(/\s+/);
  if (fields.length !== FIELDS.length) return invalid('a cron expression has five fields');
  const wrong = FIELDS.find((field, index) => !(fields[index] ?? '').split(',').every((part) => isPart(part, field)));
  return wrong ? invalid(`the ${wrong.name} can't be read`) : { ok: true, value: text.trim() };
}

/** `*`, `7`, `1-5`, `mon-fri`, each optionally with a step: `*` followed by `/15`. */
function isPart(part: string, field: (typeof FIELDS)[number]): boolean {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))) return false;
  if (range === '*') return true;
  const ends = range.split('-').map((end) => valueOf(end, field));
  const [from, to = from] = ends;
  return ends.length <= 2 && from !== undefined && to !== undefined && from <= to;
}

function valueOf(text: string, { least, most, words = [] }: (typeof FIELDS)[number]): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? word + least : /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function invalid(message: string): Parsed<string> {
  return { ok: false, problem: { code: 'INVALID_CRON', message: `Upstash-Cron: ${message}` } };
}
