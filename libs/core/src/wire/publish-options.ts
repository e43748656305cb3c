import { compileRetryDelay } from '../delivery/retry-delay.expression';
import type { ErrorCode } from '../rest/error-codes';
import { DAY_MS, formatDuration, parseDurationMs } from './duration';
import { isHeaderName } from './headers';

/**
 * The values of the publish headers (protocol.md 2.3, 10, 15), one reader each: text in, a typed value or a problem out.
 * All are total. A reader is not called for an absent header, and none of them knows the header's name, since the same values
 * come as `Upstash-X`, `Upstash-Callback-X` and `Upstash-Failure-Callback-X`.
 */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: OptionProblem };

/** All that what was sent can be refused for, before its run is asked. */
export const SUBMISSION_PROBLEMS = [
  'INVALID_JSON',
  'INVALID_BODY',
  'INVALID_DESTINATION',
  'INVALID_HEADER',
  'INVALID_DURATION',
  'INVALID_RETRY_DELAY',
  'INVALID_FLOW_CONTROL',
  'INVALID_CRON',
  'INVALID_LABEL',
  'INVALID_RUN_ID',
  'INVALID_EVENT_ID',
  'QUOTA_EXCEEDED',
  'NOT_SUPPORTED',
] as const satisfies readonly ErrorCode[];

export interface OptionProblem {
  readonly code: (typeof SUBMISSION_PROBLEMS)[number];
  /** For the sender, naming the offending text. */
  readonly message: string;
}

/** Policy, not protocol; far above what is of use, low enough that a slip is noticed (protocol.md 9.2: 412 at submit). */
const OPTION_LIMITS = {
  retries: 1_000,
  delayMs: 10 * 365 * DAY_MS,
  timeoutMs: DAY_MS,
  flowControlPeriodMs: 7 * DAY_MS,
  flowControlCount: 1_000_000_000,
  labels: 100,
  nameLength: 256,
} as const;

const NAME = /^[A-Za-z0-9._-]+$/;
/** No more than fits a double exactly. */
const INTEGER = /^\d{1,15}$/;

/** `Upstash-Retries`: a whole number from 0 on. */
export function parseRetries(text: string): Parsed<number> {
  const trimmed = text.trim();
  // However long: a number too large to read is above the limit, not malformed.
  if (!/^\d+$/.test(trimmed)) return failed('INVALID_HEADER', `retries must be a whole number, not ${quoted(text)}`);
  const retries = Number(trimmed);
  return retries <= OPTION_LIMITS.retries
    ? value(retries)
    : failed('QUOTA_EXCEEDED', `at most ${OPTION_LIMITS.retries} retries are possible`);
}

/** `Upstash-Retry-Delay`: the expression's text, known to compile. */
export function parseRetryDelay(text: string): Parsed<string> {
  const compiled = compileRetryDelay(text);
  if (compiled.ok) return value(text);
  return failed('INVALID_RETRY_DELAY', `retry delay ${quoted(text)}: ${compiled.problem} at position ${compiled.at}`);
}

/** `Upstash-Delay`, in milliseconds from now. */
export function parseDelay(text: string): Parsed<number> {
  const delayMs = parseDurationMs(text);
  if (delayMs === undefined) return failed('INVALID_DURATION', `delay ${quoted(text)} is not a duration`);
  return delayMs <= OPTION_LIMITS.delayMs ? value(delayMs) : failed('QUOTA_EXCEEDED', 'the delay is too long');
}

/** `Upstash-Not-Before`, unix seconds in, unix milliseconds out. A moment in the past means at once, and is not refused. */
export function parseNotBefore(text: string, nowMs: number): Parsed<number> {
  const trimmed = text.trim();
  if (!/^-?\d{1,15}(?:\.\d+)?$/.test(trimmed)) {
    return failed('INVALID_HEADER', `not-before must be a unix time in seconds, not ${quoted(text)}`);
  }
  const notBeforeMs = Math.ceil(Math.max(0, Number(trimmed)) * 1_000);
  return notBeforeMs - nowMs <= OPTION_LIMITS.delayMs
    ? value(notBeforeMs)
    : failed('QUOTA_EXCEEDED', 'not-before is too far away (it is in seconds, not milliseconds)');
}

/** `Upstash-Timeout`, in milliseconds: a duration, or bare seconds as `context.call` sends them. */
export function parseTimeout(text: string): Parsed<number> {
  const timeoutMs = parseDurationMs(text);
  if (timeoutMs === undefined || timeoutMs === 0) {
    return failed('INVALID_DURATION', `timeout ${quoted(text)} is not a duration above zero`);
  }
  return timeoutMs <= OPTION_LIMITS.timeoutMs
    ? value(timeoutMs)
    : failed('QUOTA_EXCEEDED', `a timeout is at most ${formatDuration(OPTION_LIMITS.timeoutMs)}`);
}

/** `Upstash-Method`, in upper case. `CONNECT` asks for a tunnel, which is no delivery. */
export function parseMethod(text: string): Parsed<string> {
  const method = text.trim().toUpperCase();
  if (!isHeaderName(method) || method === 'CONNECT') return failed('INVALID_HEADER', `${quoted(text)} is not a method`);
  return value(method);
}

/** `Upstash-Label`: `a,b`, each once, in order. */
export function parseLabels(text: string): Parsed<readonly string[]> {
  const labels = listOf(text);
  const wrong = labels.find((label) => !isName(label));
  if (wrong !== undefined) {
    return failed('INVALID_LABEL', `label ${quoted(wrong)} may only have letters, digits, ".", "_" and "-"`);
  }
  return labels.length <= OPTION_LIMITS.labels
    ? value([...new Set(labels)])
    : failed('INVALID_LABEL', `at most ${OPTION_LIMITS.labels} labels are possible`);
}

/** What `Upstash-Redact-Fields` hides from logs: `body,header,header[Name]`. Names are lower case. */
export interface RedactFields {
  readonly body: boolean;
  readonly headers: 'all' | readonly string[];
}

export function parseRedactFields(text: string): Parsed<RedactFields> {
  const fields = listOf(text);
  const names = new Set<string>();
  for (const field of fields) {
    if (/^(?:body|headers?)$/i.test(field)) continue;
    const name = /^headers?\[\s*([^\]\s]+)\s*\]$/i.exec(field)?.[1];
    if (name === undefined || !isHeaderName(name)) {
      return failed('INVALID_HEADER', `redact field ${quoted(field)} is none of body, header, header[Name]`);
    }
    names.add(name.toLowerCase());
  }
  const has = (pattern: RegExp): boolean => fields.some((field) => pattern.test(field));
  return value({ body: has(/^body$/i), headers: has(/^headers?$/i) ? 'all' : [...names] });
}

export interface FlowControl {
  readonly key: string;
  /** Deliveries at the same time. */
  readonly parallelism?: number;
  /** Starts per period. */
  readonly rate?: number;
  /** There if `rate` is; one second by default. */
  readonly periodMs?: number;
}

const DEFAULT_PERIOD_MS = 1_000;

/** `Upstash-Flow-Control-Key` and `-Value` (`parallelism=3, rate=5, period=1m`, any order, names in any case). */
export function parseFlowControl(key: string | undefined, text: string | undefined): Parsed<FlowControl> {
  if (key === undefined || text === undefined) {
    return failed('INVALID_FLOW_CONTROL', 'flow control needs both a key and a value');
  }
  if (!isName(key.trim())) return failed('INVALID_FLOW_CONTROL', `${quoted(key)} is not a flow control key`);

  const settings = new Map<string, number>();
  for (const part of text.split(',')) {
    const setting = flowControlSetting(part);
    if (setting === undefined)
      return failed('INVALID_FLOW_CONTROL', `cannot read ${quoted(part)} in the flow control value`);
    const [name, number] = setting;
    if (settings.has(name)) return failed('INVALID_FLOW_CONTROL', `${name} occurs twice in the flow control value`);
    settings.set(name, number);
  }
  const parallelism = settings.get('parallelism');
  const rate = settings.get('rate');
  if (parallelism === undefined && rate === undefined) {
    return failed('INVALID_FLOW_CONTROL', 'flow control needs a rate or a parallelism');
  }
  return value({
    key: key.trim(),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(rate === undefined ? {} : { rate, periodMs: settings.get('period') ?? DEFAULT_PERIOD_MS }),
  });
}

/** As echoed on deliveries: joined by `,`, the period in whole seconds (protocol.md 3.1). */
export function formatFlowControlValue({ parallelism, rate, periodMs }: FlowControl): string {
  const parts: string[] = [];
  if (parallelism !== undefined) parts.push(`parallelism=${parallelism}`);
  if (rate !== undefined) parts.push(`rate=${rate}`, `period=${formatDuration(periodMs ?? DEFAULT_PERIOD_MS)}`);
  return parts.join(',');
}

function flowControlSetting(part: string): readonly [name: string, number] | undefined {
  const found = /^\s*(parallelism|rate|period)\s*=\s*([\w.]+)\s*$/i.exec(part);
  const name = found?.[1]?.toLowerCase() ?? '';
  const number = name === 'period' ? flowControlPeriodMs(found?.[2] ?? '') : flowControlCount(found?.[2] ?? '');
  return number === undefined ? undefined : [name, number];
}

/** Whole seconds, since the echo and the key's state are in seconds. */
function flowControlPeriodMs(text: string): number | undefined {
  const periodMs = parseDurationMs(text);
  if (periodMs === undefined || periodMs < 1_000 || periodMs > OPTION_LIMITS.flowControlPeriodMs) return undefined;
  return periodMs % 1_000 === 0 ? periodMs : undefined;
}

function flowControlCount(text: string): number | undefined {
  const count = INTEGER.test(text) ? Number(text) : 0;
  return count >= 1 && count <= OPTION_LIMITS.flowControlCount ? count : undefined;
}

function isName(text: string): boolean {
  return text.length <= OPTION_LIMITS.nameLength && NAME.test(text);
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function value<T>(parsed: T): Parsed<T> {
  return { ok: true, value: parsed };
}

function failed(code: OptionProblem['code'], message: string): { readonly ok: false; readonly problem: OptionProblem } {
  return { ok: false, problem: { code, message } };
}

/** As JSON text, so that control characters show, and short. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
