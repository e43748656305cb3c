/** One place that was looked at, and why it gave nothing. */
export interface TriedSource {
  readonly source: string;
  readonly reason: string;
}

/**
 * No usable binary of a server was found, nor could one be fetched.
 * The message lists every source with its reason, in the order they were tried, and what the reader can do.
 */
export class ServerNotFound extends Error {
  readonly code = 'SERVER_NOT_FOUND';
  override readonly name = 'ServerNotFound';

  constructor(
    readonly server: string,
    readonly tried: readonly TriedSource[],
    readonly remedies: readonly string[],
  ) {
    const attempts = tried.map(({ source, reason }, index) => `  ${String(index + 1)}. ${source}: ${reason}`);
    const advice = remedies.map((remedy) => `  - ${remedy}`);
    super(
      [`No usable ${server} was found. Tried, in this order:`, ...attempts, 'What you can do:', ...advice].join('\n'),
    );
  }
}
