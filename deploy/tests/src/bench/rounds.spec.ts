import { nextRound } from './rounds';

const wanted = { runs: 3, limit: 6 };
const at = (name: string, clean: number, tried = clean) => ({ name, clean, tried });

test('all take turns until all have enough', () => {
  expect(nextRound([at('a', 0), at('b', 0)], wanted)).toEqual(['a', 'b']);
  expect(nextRound([at('a', 2), at('b', 2)], wanted)).toEqual(['a', 'b']);
  expect(nextRound([at('a', 3), at('b', 3)], wanted)).toEqual([]);
});

test('who has enough goes along with who was disturbed', () => {
  expect(nextRound([at('a', 3), at('b', 2, 3)], wanted)).toEqual(['a', 'b']);
});

test('it ends although somebody was disturbed each time', () => {
  expect(nextRound([at('a', 3, 6), at('b', 2, 6)], wanted)).toEqual([]);
  expect(nextRound([at('a', 3, 6), at('b', 2, 5)], wanted)).toEqual(['b']);
});
