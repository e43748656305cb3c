/**
 * Every exchange that this process's clients have with the engine: triggers, and the submissions of the app's endpoints. They try again
 * what fails, so only here it is seen that something did.
 */
export class ExchangesWatch {
  /** What no client should see: no answer, or one that says that the engine can't at the moment. */
  readonly failures: string[] = [];
  answered = 0;
  private readonly bare = globalThis.fetch;

  private constructor(engineUrl: string) {
    globalThis.fetch = async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!url.startsWith(engineUrl)) return this.bare(input, init);
      const what = `${new Date().toISOString()} ${init?.method ?? 'GET'} ${url.slice(engineUrl.length)}`;
      try {
        const answer = await this.bare(input, init);
        this.answered += 1;
        if (answer.status >= 500 || answer.status === 429) {
          this.failures.push(`${what}: ${answer.status} ${await answer.clone().text()}`);
        }
        return answer;
      } catch (error) {
        this.failures.push(`${what}: ${reasonOf(error)}`);
        throw error;
      }
    };
  }

  /** From now on until {@link end}. */
  static begin(engineUrl: string): ExchangesWatch {
    return new ExchangesWatch(engineUrl);
  }

  end(): void {
    globalThis.fetch = this.bare;
  }
}

/** By its looks: inside of Jest, errors of Node's own fetch are of another realm. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return [String(error), cause?.code, cause?.message].filter((each) => each !== undefined).join(', ');
}
