import { page } from './page';

test('a page says what was measured, on what and how', () => {
  const facts = { commit: 'abc', date: '2026-11-26', machine: '2 cores', command: 'npm run bench -- --case steps' };
  const text = page(
    facts,
    [{ name: 'ours', about: 'as it comes' }],
    [{ lines: ['## steps', '', '| a |'], plots: [{ file: 'steps.svg', plot: { title: 'cost' } }] }],
  );
  for (const said of ['abc', '2026-11-26', '2 cores', '`npm run bench -- --case steps`', '- ours: as it comes'])
    expect(text).toContain(said);
  expect(text.endsWith('\n\n## steps\n\n| a |\n\n![cost](benchmarks/steps.svg)\n')).toBe(true);
});
