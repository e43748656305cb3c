import { setTimeout as delay } from 'node:timers/promises';
import { DEV } from '../e2e/stepwell-under-test';

const ASK_EVERY_MS = 150;
/** Longer than a gateway asks again for somebody who holds on. */
const PATIENCE_MS = 40_000;

export interface ExplainerParts {
  readonly engineUrl: string;
  /** A run that has been acknowledged and may be alive; undefined when there is none. */
  readonly someRun: () => string | undefined;
}

interface Explained {
  readonly workflowState: string;
  readonly reason?: { readonly waitingFor?: string; readonly text?: string };
}

/** Somebody who wants to know of runs why they aren't moving, all the time. */
export class Explainer {
  /** What they heard, by reason; `ended`: it was none that lives any more; else there was nobody to say. */
  readonly heard = new Map<string, number>();
  readonly violations: string[] = [];

  constructor(private readonly parts: ExplainerParts) {}

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await delay(ASK_EVERY_MS);
      const runId = this.parts.someRun();
      if (runId !== undefined) await this.ask(runId);
    }
  }

  private async ask(runId: string): Promise<void> {
    const url = `${this.parts.engineUrl}/v1/runs/${runId}/explain`;
    try {
      const answer = await fetch(url, {
        headers: { authorization: `Bearer ${DEV.token}` },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      this.note(runId, answer.status, await answer.text());
    } catch {
      this.count('not answered');
    }
  }

  /** A run that was acknowledged is known, and when it lives it has one reason. */
  note(runId: string, status: number, text: string): void {
    if (status === 404) this.violations.push(`${runId} was acknowledged, and nobody can explain it: ${text}`);
    if (status !== 200) {
      this.count(`answered ${status}`);
      return;
    }
    const { workflowState, reason } = JSON.parse(text) as Explained;
    if (workflowState !== 'RUN_STARTED') this.count('ended');
    else if (reason?.waitingFor && reason.text) this.count(reason.waitingFor);
    else this.violations.push(`${runId} lives and has no reason to wait: ${text}`);
  }

  private count(what: string): void {
    this.heard.set(what, (this.heard.get(what) ?? 0) + 1);
  }
}
