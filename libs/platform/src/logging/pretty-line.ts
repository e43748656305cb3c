/** What a JSON line says first; everything else follows as `name=value`. */
const LEADING = new Set(['time', 'level', 'msg', 'service', 'version', 'pid', 'err', 'context']);
const TIME_OF_DAY = { start: 11, end: 23 };

/**
 * A log line for people: `09:30:12.345 WARN  scheduler  the timer waits  runId=wfr_1`, a stack on lines of its own. What is not
 * one of our JSON lines is passed on as it is.
 */
export function prettyLine(line: string): string {
  const entry = parseObject(line);
  if (entry === undefined) return line;
  const time = text(entry.time).slice(TIME_OF_DAY.start, TIME_OF_DAY.end);
  const rest = Object.entries(entry)
    .filter(([name]) => !LEADING.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [time, text(entry.level).toUpperCase().padEnd(5), text(entry.service), '', text(entry.msg)].join(' ');
  return `${[head, ...rest].join('  ')}${errorLines(entry.err)}\n`;
}

function errorLines(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  return `\n  ${text(stack === undefined ? message : stack).replaceAll('\n', '\n  ')}`;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
