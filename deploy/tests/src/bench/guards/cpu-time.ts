import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time that the threads of a process have had, in µs. By the scheduler's own account in nanoseconds (/proc/<pid>/task/<tid>/schedstat): a
 * short turn has few of the ticks that /proc/<pid>/stat counts. Threads that have ended are not in it; those of all our processes stay.
 */
export function cpuUsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return (
    readdirSync(tasks).reduce((sum, task) => sum + nanosecondsIn(readOrEmpty(`${tasks}/${task}/schedstat`)), 0) / 1000
  );
}

/** Time on a CPU, time waited for one, times it was put on one. Empty: the thread has just ended. */
export function nanosecondsIn(schedstat: string): number {
  return Number(schedstat.split(' ')[0]);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
