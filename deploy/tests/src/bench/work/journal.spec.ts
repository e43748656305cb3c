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
  journal.executed('run', 1);
  journal.called();
  journal.executed('run', 2);
  journal.called();
  journal.ended(order, result);
  expect(journal.totals).toEqual({ calls: 3, executions: 2, ended: 1, complaints: [] });
  expect(ended).toEqual([{ id: 'run', result }]);
});

test.each<[string, () => void, RegExp]>([
  ['a step that is executed twice', () => [1, 1].forEach((step) => journal.executed('run', step)), /step 1 .* where 2/],
  ['a step that comes too early', () => journal.executed('run', 2), /step 2 .* where 1/],
  ['an end that comes too early', () => journal.ended(order, result), /after 0 of 2/],
  [
    'a wrong result',
    () => {
      [1, 2].forEach((step) => journal.executed('run', step));
      journal.ended(order, result + 1);
    },
    /instead of/,
  ],
])('%s is a complaint', (_what, happens, complaint) => {
  happens();
  expect(journal.totals.complaints).toEqual([expect.stringMatching(complaint)]);
});

test('a run that goes on after its end is a complaint', () => {
  [1, 2].forEach((step) => journal.executed('run', step));
  journal.ended(order, result);
  journal.executed('run', 2);
  expect(journal.totals.complaints).toHaveLength(1);
});

test('the window counts what happens in it, and measures from step to step of one run', () => {
  journal.executed('run', 1);
  at = 5;
  journal.openWindow();
  journal.called();
  journal.executed('other', 1);
  at = 8;
  journal.executed('run', 2);
  expect(journal.window).toEqual({ calls: 1, executions: 2, stepMs: [8] });
});
