import type { Client } from '@upstash/workflow';
import { setTimeout as delay } from 'node:timers/promises';

type Run = Awaited<ReturnType<Client['logs']>>['runs'][number];

const LOOK_AGAIN_MS = 200;
const MARKS: Record<string, string> = {
  STEP_SUCCESS: '✓',
  STEP_PROGRESS: '…',
  STEP_RETRY: '↻',
  STEP_FAILED: '✗',
  STEP_CANCELED: '–',
};

/** Prints each step of a run when it changes, until the run has ended. */
export async function followRun(client: Client, workflowRunId: string, print: (line: string) => void): Promise<Run> {
  const shown = new Map<string, string>();
  for (;;) {
    const { runs } = await client.logs({ workflowRunId });
    const [run] = runs;
    if (run) {
      for (const line of changes(run, shown)) print(line);
      if (run.workflowState !== 'RUN_STARTED') {
        print(`${run.workflowState} after ${seconds(run)}`);
        return run;
      }
    }
    await delay(LOOK_AGAIN_MS);
  }
}

function changes(run: Run, shown: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const group of run.steps) {
    for (const step of group.steps) {
      const name = ('stepName' in step ? step.stepName : undefined) ?? 'next delivery';
      const kind = 'stepType' in step ? step.stepType : '';
      const { state } = step;
      const failures = 'errors' in step && Array.isArray(step.errors) ? step.errors.length : 0;
      const key = 'stepName' in step ? `${group.type} ${name}` : step.messageId;
      const now = `${state} ${failures}`;
      if (shown.get(key) === now || (kind === '' && state === 'STEP_PROGRESS')) continue;
      shown.set(key, now);
      const trouble = failures > 0 ? `  (failed ${failures} ×)` : '';
      lines.push(`${MARKS[state] ?? '?'} ${name.padEnd(34)} ${kind.padEnd(10)}${trouble}`.trimEnd());
    }
  }
  return lines;
}

function seconds(run: Run): string {
  const tookMs = (run.workflowRunCompletedAt ?? 0) - run.workflowRunCreatedAt;
  return `${(tookMs / 1000).toFixed(1)} s`;
}
