import type { HeaderMap } from './headers';
import { forwardsOf } from './headers';
import type { OptionProblem, Parsed } from './publish-options';
import type { ReadHeader } from './request-headers';

/**
 * Reads the options of one submission, header by header, and remembers the first problem, so that a submission can be put
 * together in a straight line and judged once at its end. An empty value is no value: some clients send headers they have nothing for.
 */
export class OptionReader {
  private first: OptionProblem | undefined;
  private forwarded: HeaderMap | undefined;

  constructor(readonly headers: HeaderMap) {}

  get problem(): OptionProblem | undefined {
    return this.first;
  }

  /** What is asked to be forwarded, unfiltered. */
  get forwards(): HeaderMap {
    return (this.forwarded ??= forwardsOf(this.headers));
  }

  text(name: ReadHeader): string | undefined {
    const value = this.headers[name];
    return value === '' ? undefined : value;
  }

  isTrue(name: ReadHeader): boolean {
    return this.headers[name]?.toLowerCase() === 'true';
  }

  read<T>(name: ReadHeader, parse: (text: string) => Parsed<T>): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : this.take(parse(text));
  }

  take<T>(parsed: Parsed<T>): T | undefined {
    if (parsed.ok) return parsed.value;
    this.first ??= parsed.problem;
    return undefined;
  }

  refuse(code: OptionProblem['code'], message: string): undefined {
    this.first ??= { code, message };
    return undefined;
  }

  /** What would be lost by ignoring it (protocol.md 18). */
  refuseUnsupported(what: string): void {
    this.take(unsupported(what));
  }
}

export const unsupported = (what: string): { readonly ok: false; readonly problem: OptionProblem } => ({
  ok: false,
  problem: { code: 'NOT_SUPPORTED', message: `${what}: not supported by this server yet` },
});
