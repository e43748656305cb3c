import type { WorkflowApp } from '../e2e/workflow-app';
import type { Acknowledged } from './acknowledged';

/** As the topic names them. */
const OUTCOMES: Readonly<Record<string, string>> = {
  RUN_SUCCESS: 'completed',
  RUN_FAILED: 'failed',
  RUN_CANCELED: 'cancelled',
};

/** What the API says of runs, asked no more often than needed: what has ended stays so. */
export class RunStates {
  private readonly ended = new Map<string, string>();

  constructor(private readonly app: WorkflowApp) {}

  /** As far as anybody has asked. */
  isKnownToHaveEnded(runId: string): boolean {
    return this.ended.has(runId);
  }

  async hasEnded(runId: string): Promise<boolean> {
    if (this.ended.has(runId)) return true;
    const state = await this.app.stateOf(runId);
    if (state === 'RUN_STARTED') return false;
    this.ended.set(runId, state);
    return true;
  }

  async haveEnded(runs: readonly Acknowledged[]): Promise<boolean> {
    for (const { runId } of runs) if (!(await this.hasEnded(runId).catch(() => false))) return false;
    return true;
  }

  /** `runId:outcome` of those that have. */
  async endsOf(runs: readonly Acknowledged[]): Promise<string[]> {
    const ends: string[] = [];
    for (const { runId } of runs) {
      if (!(await this.hasEnded(runId).catch(() => false))) continue;
      ends.push(`${runId}:${OUTCOMES[this.ended.get(runId) ?? ''] ?? ''}`);
    }
    return ends;
  }
}
