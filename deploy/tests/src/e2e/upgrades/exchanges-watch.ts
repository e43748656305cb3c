/**
 * Every exchange that this process's clients have with the engine: triggers, and the submissions of the app's endpoints. They try again
 * what fails, so only here it is seen that something did.
 *
 * A request on a kept connection may cross its end on the way: HTTP/1.1 has no word by which a server could prevent that (RFC 9112, 9.3.1).
 * Whoever sent it sends it once more, as the official clients do, and is answered then; only without that answer it is a failure.
 */
export class ExchangesWatch {
  private readonly refusals: string[] = [];
  /** By what was sent. */
  private readonly crossed = new Map<string, string>();
  answered = 0;
  /** Requests that crossed the end of their connection. */
  crossings = 0;
  private readonly bare = globalThis.fetch;

  private constructor(engineUrl: string) {
    globalThis.fetch = async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!url.startsWith(engineUrl)) return this.bare(input, init);
      const sent = `${init?.method ?? 'GET'} ${url} ${typeof init?.body === 'string' ? init.body : ''}`;
      const what = `${new Date().toISOString()} ${init?.method ?? 'GET'} ${url.slice(engineUrl.length)}`;
      try {
        const answer = await this.bare(input, init);
        this.answered += 1;
        this.crossed.delete(sent);
        if (answer.status >= 500 || answer.status === 429) {
          this.refusals.push(`${what}: ${answer.status} ${await answer.clone().text()}`);
        }
        return answer;
      } catch (error) {
        const failure = `${what}: ${reasonOf(error)}`;
        if (hasCrossed(error)) {
          this.crossings += 1;
          this.crossed.set(sent, failure);
        } else this.refusals.push(failure);
        throw error;
      }
    };
  }

  /** From now on until {@link end}. */
  static begin(engineUrl: string): ExchangesWatch {
    return new ExchangesWatch(engineUrl);
  }

  /** What no client should see: no answer, or one that says that the engine can't at the moment. */
  get failures(): string[] {
    return [...this.refusals, ...this.crossed.values()];
  }

  end(): void {
    globalThis.fetch = this.bare;
  }
}

const CROSSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const hasCrossed = (error: unknown): boolean => CROSSED.has((error as { cause?: { code?: string } }).cause?.code ?? '');

/** By its looks: inside of Jest, errors of Node's own fetch are of another realm. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return [String(error), cause?.code, cause?.message].filter((each) => each !== undefined).join(', ');
}
