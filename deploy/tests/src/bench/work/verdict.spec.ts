import { problemsOf } from './verdict';

const expected = { ended: 10, executions: 30, calls: 40, writes: 50 };
const right = { ...expected, complaints: [] };

test('nothing is wrong with work that was done', () => {
  expect(problemsOf(right, expected)).toEqual([]);
});

test('writes are not counted of an engine that doesn’t tell', () => {
  expect(problemsOf({ ...right, writes: 0 }, { ...expected, writes: undefined })).toEqual([]);
});

test.each([
  [{ calls: 41 }, 'calls of the app: 41 instead of 40'],
  [{ executions: 29 }, 'steps executed: 29 instead of 30'],
  [{ ended: 9 }, 'runs ended: 9 instead of 10'],
  [{ writes: 60 }, 'writes to the log: 60 instead of 50'],
  [{ complaints: ['a wrong result'] }, 'a wrong result'],
])('%j is wrong', (found, problem) => {
  expect(problemsOf({ ...right, ...found }, expected)).toEqual([problem]);
});
