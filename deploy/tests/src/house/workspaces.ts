import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The checkout these specs look at. */
export const repositoryRoot = resolve(__dirname, '../../../..');

export interface WorkspacePackage {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: {
    readonly private?: boolean;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  };
}

/** Every npm workspace of the root manifest; the only glob in use there is a trailing `/*`. */
export function workspacePackages(): WorkspacePackage[] {
  const { workspaces } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return workspaces.flatMap(foldersOf).map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as WorkspacePackage['manifest'] & {
      name: string;
    };
    return { name: manifest.name, folder, manifest };
  });
}

function foldersOf(pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [join(repositoryRoot, pattern)];
  const parent = join(repositoryRoot, pattern.slice(0, -2));
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((path) => statSync(join(path, 'package.json'), { throwIfNoEntry: false }) !== undefined);
}
