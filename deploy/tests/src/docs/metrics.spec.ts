import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/workspaces';
import { matches, read } from './pages';

test('the page of operations lists the metrics there are, and no others', () => {
  const source = ['libs/platform/src', 'services'].flatMap(sourcesOf).join('\n');
  // run-state counts with a function that puts the prefix before the name.
  const made = [
    ...matches(source, /name: '(stepwell_\w+)'/g),
    ...matches(source, /\bcounter\('(\w+)'/g).map((name) => `stepwell_${name}`),
  ];
  const listed = matches(read('deploy/docs/guide/operations.md').text, /^\| `(stepwell_\w+)`/gm);
  expect(listed.sort()).toEqual(made.sort());
});

function sourcesOf(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(spec|d)\.ts$|(^|\/)(testing|dist|node_modules)\//.test(file))
    .map((file) => readFileSync(join(repositoryRoot, folder, file), 'utf8'));
}
