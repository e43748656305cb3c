// `tsc -b` builds only what is referenced: a reference forgotten beside a dependency is silent until a stale `dist` is
// shipped. Every package's references and its `@stepwell/*` dependencies must therefore name the same packages.
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { repositoryRoot, workspacePackages, type WorkspacePackage } from './workspaces';

const packages = workspacePackages();
const nameByFolder = new Map(packages.map((each) => [each.folder, each.name]));

function referencedNames(each: { folder: string }): string[] {
  const config = JSON.parse(readFileSync(join(each.folder, 'tsconfig.json'), 'utf8')) as {
    references?: { path: string }[];
  };
  return (config.references ?? [])
    .map(({ path }) => nameByFolder.get(resolve(each.folder, path)) ?? `unknown folder ${path}`)
    .sort();
}

function ownDependencies(each: WorkspacePackage): string[] {
  const all = { ...each.manifest.dependencies, ...each.manifest.devDependencies };
  return Object.keys(all)
    .filter((name) => name.startsWith('@stepwell/'))
    .sort();
}

test.each(packages.map((each) => [each.name, each] as const))('%s references what it depends on', (_name, each) => {
  expect(referencedNames(each)).toEqual(ownDependencies(each));
});

test('the root project references every package', () => {
  expect(referencedNames({ folder: repositoryRoot })).toEqual(packages.map((each) => each.name).sort());
});

test.each(packages.map((each) => [each.name, each] as const))('%s is named after its folder', (name, each) => {
  expect(name).toBe(`@stepwell/${basename(each.folder)}`);
});
