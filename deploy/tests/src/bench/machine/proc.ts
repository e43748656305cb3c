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
export const processTicksIn = (stat: string): number => sum(fieldsIn(stat, 14, 15));

/** The same with what its children spent that have ended. @throws Error when it is no such line */
export const ticksWithEndedIn = (stat: string): number => sum(fieldsIn(stat, 14, 15, 16, 17));

/** The process that it belongs to. @throws Error when it is no such line */
export const parentIn = (stat: string): number => sum(fieldsIn(stat, 4));

/** @param numbers of fields, as proc(5) counts them */
function fieldsIn(stat: string, ...numbers: readonly number[]): number[] {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // The first after the command is field 3.
  const found = numbers.map((number) => Number(fields[number - 3]));
  if (!found.every(Number.isFinite)) throw new Error(`no line of a process: ${stat.slice(0, 80)}`);
  return found;
}

/** VmHWM in /proc/<pid>/status: the most memory that the process has had, in bytes. @throws Error when it isn't there */
export const peakBytesIn = (status: string): number => bytesIn(status, 'VmHWM');
/** The same of VmRSS: the memory that it has. */
export const rssBytesIn = (status: string): number => bytesIn(status, 'VmRSS');

/**
 * The memory of processes that were forked from one another, and the most they had, from each one's /proc/<pid>/status: what they have in
 * common (the program, shared buffers) counts once, as much as whoever has most of it has now.
 * @throws Error when one of them is gone
 */
export function familyBytesIn(statuses: readonly string[]): { readonly rssBytes: number; readonly peakBytes: number } {
  const common = statuses.map((status) => bytesIn(status, 'RssFile') + bytesIn(status, 'RssShmem'));
  const most = Math.max(0, ...common);
  const less = (bytes: readonly number[]): number => sum(bytes.map((each, index) => each - (common[index] ?? 0)));
  return { rssBytes: less(statuses.map(rssBytesIn)) + most, peakBytes: less(statuses.map(peakBytesIn)) + most };
}

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
