/**
 * The `Upstash-Retry-Delay` expression (protocol.md 9.3): how long to wait before a retry, in milliseconds, as arithmetic
 * over `retried` (0 before the first retry).
 *
 *   sum     = product (("+" | "-") product)*
 *   product = factor (("*" | "/") factor)*
 *   factor  = "-" factor | number | "retried" | name "(" sum ("," sum)* ")" | "(" sum ")"
 *
 * Owns: reading such a text and computing it. Does not own: when an expression counts (backoff.ts).
 *
 * 1. Total: every text gives an expression or a problem with its position, every `retried` a delay. Nothing throws, nothing
 *    is ever handed to `eval` or `Function`.
 * 2. Bounded: at most 512 characters and 64 levels, so that neither reading nor computing can exhaust the stack.
 * 3. A delay is a whole number of milliseconds from 0 to one day. Below (also -Infinity) counts as 0, above (also Infinity)
 *    as one day. What is no number at all (`0/0`, `sqrt(-1)`) says nothing about when, and counts as one day: a mistaken
 *    expression may delay a retry, but must not hammer the endpoint.
 */

export type RetryDelayExpression =
  | { readonly ok: true; readonly delayMs: (retried: number) => number }
  /** `problem` is a phrase for the sender, `at` the 0-based position it is about. */
  | { readonly ok: false; readonly problem: string; readonly at: number };

export const MAX_RETRY_DELAY_MS = 86_400_000;
const MAX_LENGTH = 512;
const MAX_DEPTH = 64;

type Evaluate = (retried: number) => number;

interface FunctionRule {
  readonly arity: number | 'one or more';
  readonly apply: (args: readonly number[]) => number;
}

const unary = (apply: (x: number) => number): FunctionRule => ({ arity: 1, apply: ([x = NaN]) => apply(x) });

const FUNCTIONS: ReadonlyMap<string, FunctionRule> = new Map([
  ['pow', { arity: 2, apply: ([base = NaN, exponent = NaN]) => Math.pow(base, exponent) } satisfies FunctionRule],
  ['sqrt', unary(Math.sqrt)],
  ['abs', unary(Math.abs)],
  ['exp', unary(Math.exp)],
  ['floor', unary(Math.floor)],
  ['ceil', unary(Math.ceil)],
  // Halves away from zero, as in Go, where JavaScript's own rounding of negative halves differs.
  ['round', unary((x) => Math.sign(x) * Math.round(Math.abs(x)))],
  ['min', { arity: 'one or more', apply: (args) => Math.min(...args) }],
  ['max', { arity: 'one or more', apply: (args) => Math.max(...args) }],
]);

export function compileRetryDelay(text: string): RetryDelayExpression {
  if (text.length > MAX_LENGTH) {
    return { ok: false, problem: `an expression has at most ${MAX_LENGTH} characters`, at: MAX_LENGTH };
  }
  const parser = new Parser(text);
  const parsed = parser.parse();
  if (!isEvaluate(parsed)) return { ok: false, ...parsed };
  return { ok: true, delayMs: (retried) => clampMs(parsed(retried)) };
}

/** Rule 3. */
function clampMs(delayMs: number): number {
  if (Number.isNaN(delayMs)) return MAX_RETRY_DELAY_MS;
  return Math.round(Math.min(Math.max(delayMs, 0), MAX_RETRY_DELAY_MS));
}

interface Problem {
  readonly problem: string;
  readonly at: number;
}

function isEvaluate(parsed: Evaluate | Problem): parsed is Evaluate {
  return typeof parsed === 'function';
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_]\w*/y;

/** Recursive descent; a problem travels up as a value. */
class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): Evaluate | Problem {
    const sum = this.sum(0);
    if (!isEvaluate(sum)) return sum;
    this.skipSpace();
    return this.at < this.text.length ? this.unexpected('an operator') : sum;
  }

  private sum(depth: number): Evaluate | Problem {
    let left = this.product(depth);
    while (isEvaluate(left)) {
      const operator = this.take('+') ?? this.take('-');
      if (operator === undefined) return left;
      const right = this.product(depth);
      if (!isEvaluate(right)) return right;
      const soFar = left;
      left =
        operator === '+' ? (retried) => soFar(retried) + right(retried) : (retried) => soFar(retried) - right(retried);
    }
    return left;
  }

  private product(depth: number): Evaluate | Problem {
    let left = this.factor(depth);
    while (isEvaluate(left)) {
      const operator = this.take('*') ?? this.take('/');
      if (operator === undefined) return left;
      const right = this.factor(depth);
      if (!isEvaluate(right)) return right;
      const soFar = left;
      left =
        operator === '*' ? (retried) => soFar(retried) * right(retried) : (retried) => soFar(retried) / right(retried);
    }
    return left;
  }

  private factor(depth: number): Evaluate | Problem {
    if (depth >= MAX_DEPTH) return { problem: `an expression is at most ${MAX_DEPTH} levels deep`, at: this.at };
    if (this.take('-') !== undefined) {
      const operand = this.factor(depth + 1);
      return isEvaluate(operand) ? (retried) => -operand(retried) : operand;
    }
    if (this.take('(') !== undefined) {
      const inner = this.sum(depth + 1);
      if (!isEvaluate(inner)) return inner;
      return this.take(')') === undefined ? this.unexpected('")"') : inner;
    }
    const literal = this.match(NUMBER);
    if (literal !== undefined) {
      const value = Number(literal);
      return () => value;
    }
    const nameAt = this.at;
    const name = this.match(NAME);
    if (name === undefined) return this.unexpected('a number, "retried", a function or "("');
    return name === 'retried' ? (retried) => retried : this.call(name, nameAt, depth);
  }

  private call(name: string, nameAt: number, depth: number): Evaluate | Problem {
    const rule = FUNCTIONS.get(name);
    if (rule === undefined) {
      const known = [...FUNCTIONS.keys()].join(', ');
      return { problem: `unknown name "${name.slice(0, 32)}", known are retried, ${known}`, at: nameAt };
    }
    if (this.take('(') === undefined) return this.unexpected(`"(" after ${name}`);
    const args: Evaluate[] = [];
    do {
      const arg = this.sum(depth + 1);
      if (!isEvaluate(arg)) return arg;
      args.push(arg);
    } while (this.take(',') !== undefined);
    if (this.take(')') === undefined) return this.unexpected('"," or ")"');
    if (rule.arity !== 'one or more' && args.length !== rule.arity) {
      return {
        problem: `${name} takes ${rule.arity} argument${rule.arity === 1 ? '' : 's'}, not ${args.length}`,
        at: nameAt,
      };
    }
    return (retried) => rule.apply(args.map((arg) => arg(retried)));
  }

  private skipSpace(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)?.[0].length ?? 0;
  }

  private take(symbol: string): string | undefined {
    this.skipSpace();
    if (this.text[this.at] !== symbol) return undefined;
    this.at += 1;
    return symbol;
  }

  private match(pattern: RegExp): string | undefined {
    this.skipSpace();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private unexpected(wanted: string): Problem {
    const found = this.text[this.at];
    return {
      problem: `expected ${wanted}, found ${found === undefined ? 'the end' : JSON.stringify(found)}`,
      at: this.at,
    };
  }
}
