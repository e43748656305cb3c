import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { foreignShare, type MachineTicks, machineTicksIn, peakBytesIn, processTicksIn, rssBytesIn } from './proc';

/** A process that belongs to the measurement: to the engine that is measured, or to who measures it. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly part: 'engine' | 'harness';
  /** Of the engine's: one that isn't of its making, as a database. */
  readonly isServer?: true;
}

/** What one process used. */
export interface Usage extends Pick<Watched, 'name' | 'part' | 'isServer'> {
  /** User and system time between the two looks. */
  readonly cpuMs: number;
  /** The most memory it has had since it started. */
  readonly peakBytes: number;
  /** At the second look. */
  readonly rssBytes: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

const LOOK_FOR_MS = 1_000;

/** Looks at the machine and at processes, twice. Linux only. */
export class CpuWatch {
  private readonly machine: MachineTicks;
  private readonly ticks: readonly number[];

  /** The first look. @throws Error when one of them is gone */
  constructor(private readonly watched: readonly Watched[]) {
    this.machine = lookAtMachine();
    this.ticks = watched.map(({ pid }) => ticksOf(pid));
  }

  /** The second look. @throws Error when one of them is gone: its time would be missing */
  read(): { readonly usage: readonly Usage[]; readonly foreignShare: number } {
    const machine = lookAtMachine();
    const spent = this.watched.map(({ pid }, index) => ticksOf(pid) - (this.ticks[index] ?? 0));
    const usage = this.watched.map(({ pid, ...process }, index) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const cpuMs = ((spent[index] ?? 0) * 1000) / TICKS_PER_SECOND;
      return { ...process, cpuMs, peakBytes: peakBytesIn(status), rssBytes: rssBytesIn(status) };
    });
    const own = spent.reduce((all, ticks) => all + ticks, 0);
    return { usage, foreignShare: foreignShare(this.machine, machine, own) };
  }
}

/** Waits until the machine has nothing else to do, as others may just be ending; not for longer than the limit. */
export async function quiet(mostShare: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const before = lookAtMachine();
    await delay(LOOK_FOR_MS);
    if (foreignShare(before, lookAtMachine(), 0) <= mostShare) return;
  }
}

const lookAtMachine = (): MachineTicks => machineTicksIn(readFileSync('/proc/stat', 'utf8'));
const ticksOf = (pid: number): number => processTicksIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
