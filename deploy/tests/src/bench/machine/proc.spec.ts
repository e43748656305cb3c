import {
  familyBytesIn,
  foreignShare,
  machineTicksIn,
  parentIn,
  peakBytesIn,
  processTicksIn,
  rssBytesIn,
  ticksWithEndedIn,
} from './proc';

const stat = (user: number, idle: number) => `cpu  ${user} 20 30 ${idle} 50 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n`;

describe('a machine', () => {
  test('is busy with programs and for the hypervisor, not with waiting and interrupts', () => {
    expect(machineTicksIn(stat(100, 1000))).toEqual({ busy: 100 + 20 + 30 + 8, total: 158 + 1000 + 50 + 6 + 7 });
  });

  test('is not read from anything else', () => {
    expect(() => machineTicksIn('intr 1 2 3')).toThrow('no line of a cpu');
  });
});

describe('a process', () => {
  const line = (command: string) => `42 (${command}) S 1 42 42 0 -1 4194304 9 0 0 0 300 45 7 8 20 0 11 0 99 1 2`;

  test('has spent user and system time, and not its children’s', () => {
    expect(processTicksIn(line('node'))).toBe(345);
  });

  test('answers for its children that have ended, where it is asked to', () => {
    expect(ticksWithEndedIn(line('postgres'))).toBe(345 + 15);
  });

  test('has a parent', () => {
    expect(parentIn(line('a) R 2 (b'))).toBe(1);
  });

  test('may be called anything', () => {
    expect(processTicksIn(line('a) R 1 (b'))).toBe(345);
  });

  test('is not read from anything else', () => {
    expect(() => processTicksIn('')).toThrow('no line of a process');
  });

  test('has had that much memory at most', () => {
    expect(peakBytesIn('Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n')).toBe(2048 * 1024);
    expect(rssBytesIn('Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n')).toBe(1024 * 1024);
    expect(() => peakBytesIn('Name:\tzombie\n')).toThrow('the process is gone');
  });
});

describe('processes that were forked from one another', () => {
  const status = (peak: number, own: number, file: number, shared: number): string =>
    `VmHWM:\t${peak} kB\nVmRSS:\t${own + file + shared} kB\nRssAnon:\t${own} kB\nRssFile:\t${file} kB\nRssShmem:\t${shared} kB\n`;

  test('have in common what is counted once', () => {
    const { rssBytes, peakBytes } = familyBytesIn([status(130, 20, 30, 70), status(60, 10, 15, 25)]);
    expect(rssBytes).toBe((20 + 10 + 100) * 1024);
    expect(peakBytes).toBe((30 + 20 + 100) * 1024);
  });

  test('are none when all are gone', () => {
    expect(familyBytesIn([])).toEqual({ rssBytes: 0, peakBytes: 0 });
  });
});

describe('what others took', () => {
  const [before, after] = [machineTicksIn(stat(100, 1000)), machineTicksIn(stat(180, 1020))];

  test('is what the machine was busy with and we were not', () => {
    expect(foreignShare(before, after, 75)).toBeCloseTo(0.05);
  });

  test('is nothing when we were charged for a little more than all', () => {
    expect(foreignShare(before, after, 81)).toBe(0);
  });
});
