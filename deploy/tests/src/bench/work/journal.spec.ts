import { type Ended, Journal } from './journal';
import { runResult } from './work';

const order = { id: 'run', seed: 7, steps: 2 };
const result = runResult(order);
let at: number;
let ended: Ended[];
let journal: Journal;
beforeEach(() => {
  at = 0;
  ended = [];
  journal = new Journal(
    (each) => ended.push(each),
    () => at,
  );
});

test('a run that does what it should is counted and told of', () => {
  journal.called();
  journal.executed(order, 1);
  journal.called();
  journal.executed(order, 2);
  journal.called();
  journal.ended(order, result);
  expect(journal.totals).toEqual({ calls: 3, executions: 2, ended: 1, complaints: [] });
  expect(ended).toEqual([{ id: 'run', result }]);
});

test.each<[string, () => void, RegExp]>([
  ['a step that is executed twice', () => [1, 1].forEach((step) => journal.executed(order, step)), /step 1 .* where 2/],
  ['a step that comes too early', () => journal.executed(order, 2), /step 2 .* where 1/],
  ['an end that comes too early', () => journal.ended(order, result), /after 0 of 2/],
  [
    'a wrong result',
    () => {
      [1, 2].forEach((step) => journal.executed(order, step));
      journal.ended(order, result + 1);
    },
    /instead of/,
  ],
])('%s is a complaint', (_what, happens, complaint) => {
  happens();
  expect(journal.totals.complaints).toEqual([expect.stringMatching(complaint)]);
});

test('a run that goes on after its end is a complaint', () => {
  [1, 2].forEach((step) => journal.executed(order, step));
  journal.ended(order, result);
  journal.executed(order, 2);
  expect(journal.totals.complaints).toHaveLength(1);
});

test('the window counts what happens in it, and measures from step to step of one run', () => {
  journal.executed(order, 1);
  at = 5;
  journal.openWindow();
  journal.called();
  journal.executed({ ...order, id: 'other' }, 1);
  at = 8;
  journal.executed(order, 2);
  expect(journal.window).toMatchObject({ calls: 1, executions: 2, stepMs: [8], stepNumbers: [2] });
});

test('a run lasts from when it began to its end', () => {
  journal.began(order);
  at = 3;
  journal.executed(order, 1);
  journal.began(order);
  journal.executed(order, 2);
  at = 10;
  journal.ended(order, result);
  expect(journal.window.runMs).toEqual([10]);
});

describe('steps side by side', () => {
  const fanOut = { ...order, isFanOut: true } as const;

  test('come in any order, each once', () => {
    [2, 1].forEach((step) => journal.executed(fanOut, step));
    journal.ended(fanOut, runResult(fanOut));
    expect(journal.totals.complaints).toEqual([]);
    expect(journal.window.stepMs).toEqual([]);
  });

  test('are not executed twice', () => {
    [2, 2].forEach((step) => journal.executed(fanOut, step));
    expect(journal.totals.complaints).toHaveLength(1);
  });
});

describe('a sleep', () => {
  const sleeping = { ...order, sleep: { forS: 2 } };
  const asleep = { ...order, sleep: { untilS: 5 } };

  test('ends late by what is beyond its time', () => {
    at = 100;
    journal.began(sleeping);
    at = 2_103;
    journal.executed(sleeping, 1);
    journal.executed(sleeping, 2);
    expect([journal.window.lateMs, journal.totals.complaints]).toEqual([[3], []]);
  });

  test('that ends early is a complaint', () => {
    journal.began(asleep);
    at = 4_999;
    journal.executed(asleep, 1);
    expect(journal.totals.complaints).toEqual(['run woke up 1.0 ms early']);
  });
});
