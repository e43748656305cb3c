import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { familyBytes, familyTicks } from './family';
import { foreignShare, type MachineTicks, machineTicksIn, peakBytesIn, processTicksIn, rssBytesIn } from './proc';

/** A process that belongs to the measurement: to the engine that is measured, or to who measures it. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly part: 'engine' | 'harness';
  /** Of the engine's: one that isn't of its making, as a database. */
  readonly isServer?: true;
  /** All that descend from it count as one with it, as of a server that forks for each connection. */
  readonly isFamily?: true;
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
    this.ticks = watched.map(ticksOf);
  }

  /** The second look. @throws Error when one of them is gone: its time would be missing */
  read(): { readonly usage: readonly Usage[]; readonly foreignShare: number } {
    const machine = lookAtMachine();
    const spent = this.watched.map((each, index) => ticksOf(each) - (this.ticks[index] ?? 0));
    const usage = this.watched.map((each, index) => {
      const { pid: _, isFamily: __, ...process } = each;
      return { ...process, cpuMs: ((spent[index] ?? 0) * 1000) / TICKS_PER_SECOND, ...bytesOf(each) };
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
const ticksOf = ({ pid, isFamily }: Watched): number =>
  isFamily ? familyTicks(pid) : processTicksIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));

function bytesOf({ pid, isFamily }: Watched): Pick<Usage, 'peakBytes' | 'rssBytes'> {
  if (isFamily) return familyBytes(pid);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { peakBytes: peakBytesIn(status), rssBytes: rssBytesIn(status) };
}
