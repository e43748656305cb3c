import { PARTITIONS } from '../ports/event-log.port';
import { mailboxStream, partitionOf, runStream } from './partition';

describe('the partition of a stream (L1)', () => {
  it('is what it always was', () => {
    expect(['', 'run-', 'run-wfr_1', 'run-wfr_0N2S52qpsz_-elZoebrOZ', 'run-ü', 'run-𝄞'].map(partitionOf)).toEqual([
      11, 38, 53, 26, 11, 1,
    ]);
  });

  it('of a mailbox is what it always was', () => {
    expect(['', 'order-1', 'evt_1', 'ü/x'].map((eventId) => partitionOf(mailboxStream(eventId)))).toEqual([
      42, 11, 44, 33,
    ]);
  });

  it('spreads runs evenly, whatever their ids look like', () => {
    const shapes = [(n: number) => `wfr_${n}`, (n: number) => `order-${String(n * 64).padStart(12, '0')}`];
    for (const shape of shapes) {
      const counts = new Array<number>(PARTITIONS).fill(0);
      for (let n = 0; n < 64_000; n += 1) {
        const partition = partitionOf(runStream(shape(n)));
        counts[partition] = (counts[partition] ?? 0) + 1;
      }
      expect(Math.min(...counts)).toBeGreaterThan(850);
      expect(Math.max(...counts)).toBeLessThan(1_150);
    }
  });
});
