// CONTRIBUTING.md says how a step kind, an endpoint and an event are added. Each recipe is followed to the letter in a copy of
// the checkout: it has to compile, and its spec has to pass. A recipe that no longer fits the code fails here.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfCheckout } from './checkout-copy';
import { repositoryRoot } from './workspaces';

interface Block {
  readonly language: string;
  readonly path: string;
  readonly text: string;
}

const guide = readFileSync(join(repositoryRoot, 'CONTRIBUTING.md'), 'utf8');
const recipes = guide
  .split(/^### /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    blocks: blocksOf(section.split(/^## /m)[0] ?? ''),
  }));

/** The first line of each fenced block names its file: a comment where the file is new, `---` where it is changed. */
function blocksOf(section: string): Block[] {
  return [...section.matchAll(/^```(ts|diff)\n(?:\/\/|---) (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', path = '', text = '']) => ({ language, path, text }),
  );
}

function follow(folder: string, { language, path, text }: Block): void {
  const file = join(folder, path);
  if (language === 'ts') {
    expect({ path, existsAlready: existsSync(file) }).toEqual({ path, existsAlready: false });
    writeFileSync(file, text);
    return;
  }
  let source = readFileSync(file, 'utf8');
  for (const hunk of text.split(/^@@\n/m)) {
    const lines = hunk.replace(/\n$/, '').split('\n');
    const side = (other: string) =>
      lines
        .filter((line) => !line.startsWith(other))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    expect({ path, found: source.split(side('+')).length - 1, hunk }).toEqual({ path, found: 1, hunk });
    source = source.replace(side('+'), () => side('-'));
  }
  writeFileSync(file, source);
}

function run(folder: string, tool: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(join(folder, 'node_modules/.bin', tool), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect({ tool, status, output: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ tool, status: 0, output: '' });
}

test('there are the three recipes', () => {
  expect(recipes.map(({ title }) => title)).toEqual(['… a step kind', '… a REST endpoint', '… an event']);
});

test.each(recipes)(
  '$title',
  ({ blocks }) => {
    const copy = copyOfCheckout();
    try {
      for (const block of blocks) follow(copy.folder, block);
      const packages = new Set(blocks.map(({ path }) => path.split('/').slice(0, 2).join('/')));
      run(copy.folder, 'tsc', '-b', ...packages);
      run(copy.folder, 'prettier', '--check', ...blocks.map(({ path }) => path));
      const specs = blocks.map(({ path }) => path).filter((path) => path.endsWith('.spec.ts'));
      expect(specs).toHaveLength(1);
      run(copy.folder, 'jest', '--runTestsByPath', ...specs);
    } finally {
      copy.remove();
    }
  },
  180_000,
);
