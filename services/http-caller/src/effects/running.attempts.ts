import type { Clock, FindAttemptRequest, RunningAttempt } from '@stepwell/core';

/** The requests that this process is making right now, for whoever asks why a run isn't moving. */
export class RunningAttempts {
  private readonly running = new Map<string, RunningAttempt>();

  constructor(
    private readonly host: string,
    private readonly clock: Clock,
  ) {}

  /** Call what is returned once the request has ended. */
  began(attempt: FindAttemptRequest, timeoutMs: number): () => void {
    const since = this.clock.nowMs();
    const key = attemptKey(attempt);
    this.running.set(key, { host: this.host, since, until: since + timeoutMs });
    return () => {
      this.running.delete(key);
    };
  }

  find(attempt: FindAttemptRequest): RunningAttempt | undefined {
    return this.running.get(attemptKey(attempt));
  }
}

/** One attempt of one effect. */
export const attemptKey = ({ effectId, attempt }: FindAttemptRequest): string => `${effectId}#${attempt}`;
