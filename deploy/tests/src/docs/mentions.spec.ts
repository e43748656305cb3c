// What a page names must exist: a command that is not there costs a newcomer more than a page that is not there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicStream, workStreams } from '@stepwell/core';
import { describeSettings } from '@stepwell/platform';
import { roleConfigs } from '@stepwell/standalone';
import { repositoryRoot } from '../house/workspaces';
import { anchorsOf, linkedAnchors, linkedFiles, matches, namedFiles, type Page, pages, read } from './pages';
import { OTHER_VARIABLES } from './settings-page';

const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const commandLine = readFileSync(join(repositoryRoot, 'services/standalone/src/cli.ts'), 'utf8');
const settings = Object.values(roleConfigs).flatMap((config) => describeSettings(config).map(({ name }) => name));
const known = new Set([
  ...settings,
  ...OTHER_VARIABLES.map(({ name }) => name),
  publicStream.name,
  ...Object.values(workStreams).map(({ name }) => name),
]);

const missing = (paths: readonly string[]): string[] => paths.filter((path) => !existsSync(join(repositoryRoot, path)));

describe.each(pages().map((page): [string, Page] => [page.path, page]))('%s', (_path, page) => {
  test('names settings and streams that exist', () => {
    const named = matches(page.text, /\b(STEPWELL_[A-Z0-9_]*[A-Z0-9])\b(?!…|_?\*)/g);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const run = matches(page.text, /\bnpm run ([\w:-]+)/g);
    const short = matches(page.text, /\bnpm (start|test)\b/g);
    const notInstalled = [...run, ...short].filter((script) => !(script in manifest.scripts));
    expect(notInstalled).toEqual([]);
  });

  test('names commands and flags of stepwell that exist', () => {
    const lines = matches(page.text, /(?:npx stepwell|npm start --) ([^`\n]+)/g);
    const flags = lines.flatMap((line) => matches(line, /(--[a-z-]+)/g));
    expect(flags.filter((flag) => !commandLine.includes(flag))).toEqual([]);
    const commands = matches(page.text, /npx stepwell ([a-z]+)/g);
    expect(commands.filter((command) => !commandLine.includes(`.command('${command}')`))).toEqual([]);
  });

  test('links to files that exist, and to headings that are in them', () => {
    expect(missing(linkedFiles(page))).toEqual([]);
    const broken = linkedAnchors(page).filter(({ file, anchor }) => !anchorsOf(read(file)).includes(anchor));
    expect(broken).toEqual([]);
  });

  test('names files that exist', () => {
    expect(missing(namedFiles(page))).toEqual([]);
  });
});
