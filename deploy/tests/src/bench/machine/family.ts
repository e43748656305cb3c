import { readdirSync, readFileSync } from 'node:fs';
import { familyBytesIn, parentIn, ticksWithEndedIn } from './proc';

/* A process and all that descend from it. They come and go while they are looked at: who is gone counts in who waited for it. */

/** What they have spent, with those that have ended. @throws Error when the first of them is gone */
export const familyTicks = (pid: number): number =>
  familyOf(pid)
    .map(({ stat }) => ticksWithEndedIn(stat))
    .reduce((all, ticks) => all + ticks, 0);

/** What they have of memory, and the most that each of them had. @throws Error when the first of them is gone */
export const familyBytes = (pid: number): ReturnType<typeof familyBytesIn> =>
  familyBytesIn(
    familyOf(pid).flatMap((each) => {
      const status = read(each.pid, 'status');
      // One that has ended and isn't waited for yet has no memory.
      return status?.includes('VmRSS') ? [status] : [];
    }),
  );

interface Member {
  readonly pid: number;
  readonly stat: string;
}

function familyOf(pid: number): readonly Member[] {
  const all = processes();
  const withDescendants = (member: Member): Member[] => [
    member,
    ...all.filter(({ stat }) => parentIn(stat) === member.pid).flatMap(withDescendants),
  ];
  return withDescendants({ pid, stat: readFileSync(`/proc/${pid}/stat`, 'utf8') });
}

const processes = (): Member[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(Number(name), 'stat');
      return stat === undefined ? [] : [{ pid: Number(name), stat }];
    });

function read(pid: number, file: 'stat' | 'status'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
