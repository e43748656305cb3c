/* What Linux tells in /proc, read from its text. Times there are in ticks, of which `getconf CLK_TCK` says how many make a second. */

/** Ticks since boot, over all cores. */
export interface MachineTicks {
  readonly total: number;
  /** Spent by programs and by the kernel on their behalf, or taken by the hypervisor. */
  readonly busy: number;
}

/**
 * The first line of /proc/stat: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`.
 * Interrupts are not counted as busy: on a loopback they are our own packets, which no process is charged for. `guest` is within `user`.
 * @throws Error when it is no such line
 */
export function machineTicksIn(stat: string): MachineTicks {
  const fields = /^cpu +([\d ]+)/.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  const [user, nice, system, idle, iowait, irq, softirq, steal = 0] = fields;
  if (softirq === undefined) throw new Error(`no line of a cpu: ${stat.slice(0, 80)}`);
  const busy = sum([user, nice, system, steal]);
  return { busy, total: busy + sum([idle, iowait, irq, softirq]) };
}

/**
 * /proc/<pid>/stat: ticks that all threads of the process have spent, in user mode and in the kernel. The second field is the command in
 * parentheses, which may hold blanks and parentheses of its own.
 * @throws Error when it is no such line
 */
export function processTicksIn(stat: string): number {
  // utime and stime are fields 14 and 15; the first after the command is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`no line of a process: ${stat.slice(0, 80)}`);
  return ticks;
}

/** VmHWM in /proc/<pid>/status: the most memory that the process has had, in bytes. @throws Error when it isn't there */
export const peakBytesIn = (status: string): number => bytesIn(status, 'VmHWM');
/** The same of VmRSS: the memory that it has. */
export const rssBytesIn = (status: string): number => bytesIn(status, 'VmRSS');

function bytesIn(status: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`no ${name}: the process is gone`);
  return Number(kilobytes) * 1024;
}

/**
 * The share of the whole machine that others took between two looks, from 0 to 1.
 * @param ownTicks what our processes spent in between
 */
export function foreignShare(before: MachineTicks, after: MachineTicks, ownTicks: number): number {
  const busy = after.busy - before.busy;
  // Processes are charged a tick or two later than the machine is.
  return Math.max(0, busy - ownTicks) / (after.total - before.total);
}

const sum = (numbers: readonly (number | undefined)[]): number => numbers.reduce<number>((all, n = 0) => all + n, 0);
