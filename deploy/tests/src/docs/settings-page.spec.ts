import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/workspaces';
import { expectCommitted } from './committed-page';
import { OTHER_VARIABLES, settingsPage } from './settings-page';

test('the page of settings says what the config classes say', () => {
  expectCommitted('reference/settings.md', settingsPage());
});

test.each(OTHER_VARIABLES.map(({ name }) => name))('%s is read somewhere', (name) => {
  const readers = ['docker-compose.yml', ...sourcesOf('libs/platform/src'), ...sourcesOf('deploy/examples/src')];
  const files = readers.filter((file) => readFileSync(join(repositoryRoot, file), 'utf8').includes(name));
  expect(files).not.toEqual([]);
});

function sourcesOf(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => join(folder, file));
}
