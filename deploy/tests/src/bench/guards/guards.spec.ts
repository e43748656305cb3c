import { relativeCpu, type Turn } from './cost';
import { nanosecondsIn } from './cpu-time';
import { lineThrough } from './lines';
import { countComplaints, shareComplaints, syncComplaints } from './verdict';

const turn = (calibrationUs: number, all: number): Turn => ({ calibrationUs, cpuUs: { all }, allocatedBytes: 1 });
const line = (perStep: number, perRun: number) => ({ perStep, perRun });

test('a thread’s time on a CPU is the first number of its schedstat; one that is gone has none', () => {
  expect(nanosecondsIn('241825186 59547889 1341\n')).toBe(241_825_186);
  expect(nanosecondsIn('')).toBe(0);
});

test('two runs tell what a step adds from what a run costs', () => {
  expect(lineThrough([20, { asks: 42 }], [60, { asks: 122 }])).toEqual({ asks: line(2, 2) });
});

test('the least of each side counts, whichever turn it was in', () => {
  expect(relativeCpu([turn(100, 900), turn(200, 400)])).toEqual({ all: 4 });
});

describe('a count', () => {
  const baseline = { 'log writes': line(1, 2) };

  test('is exact', () => {
    expect(countComplaints('one', { 'log writes': line(1, 2) }, baseline)).toEqual([]);
    expect(countComplaints('one', { 'log writes': line(1.025, 2) }, baseline)).toEqual([
      'one: log writes are 1.025 a step and 2 a run, the baseline is 1 a step and 2 a run',
    ]);
    expect(countComplaints('one', { 'log writes': line(1, 3) }, baseline)).toHaveLength(1);
  });

  test('of messages may lack a few, as reports share an ask, but no message more for each step', () => {
    const messages = { 'messages sent': line(6, 13) };
    expect(countComplaints('five', { 'messages sent': line(5.95, 14) }, messages)).toEqual([]);
    expect(countComplaints('five', { 'messages sent': line(7, 13) }, messages)).toHaveLength(1);
    expect(countComplaints('five', { 'messages sent': line(6, 21) }, messages)).toHaveLength(1);
  });

  test('has to be there', () => {
    expect(countComplaints('one', {}, baseline)).toHaveLength(1);
  });
});

test.each([
  [line(1, 3), 0],
  [line(1, -5), 0],
  [line(1, 4), 1],
  [line(1, -6), 1],
  [line(2, 3), 1],
])('syncs are as many as writes, but for those that are shared: %j', (syncs, complaints) => {
  const lines = { 'log writes': line(1, 1), 'store writes': line(1, 3), 'journal syncs': syncs };
  expect(syncComplaints('one', lines, 60)).toHaveLength(complaints);
});

describe('a share', () => {
  const complaints = (all: number) => shareComplaints('CPU', { all }, { all: 4 }, 0.2);

  test('may be off by so much', () => {
    expect([...complaints(4.8), ...complaints(3.2)]).toEqual([]);
  });

  test('says by how much it is more', () => {
    expect(complaints(5)).toEqual(['CPU: all is 5, +25 % of the baseline 4']);
  });

  test('is to be recorded anew when it is less', () => {
    expect(complaints(2)).toEqual([
      'CPU: all is 2, -50 % of the baseline 4: less than it was, `npm run guards:record` records the baseline anew',
    ]);
  });

  test('has to be there', () => {
    expect(shareComplaints('CPU', {}, { all: 4 }, 0.2)).toHaveLength(1);
  });
});
