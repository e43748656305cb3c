import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../house/workspaces';

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Without code blocks: what is said, not what is shown. */
  readonly prose: string;
}

/** Every page that users and contributors are sent to. */
export function pages(): Page[] {
  const docs = readdirSync(join(repositoryRoot, 'deploy/docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('deploy/docs', file));
  return ['README.md', 'CONTRIBUTING.md', ...docs].filter((path) => existsSync(join(repositoryRoot, path))).map(read);
}

export function read(path: string): Page {
  const text = readFileSync(join(repositoryRoot, path), 'utf8');
  return { path, text, prose: text.replace(/^```[^]*?^```$/gm, '') };
}

export const matches = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, first = '']) => first)),
];

/** Targets of links that lead to another file, resolved; anchors go their own way. */
export function linkedFiles({ path, prose }: Page): string[] {
  return matches(prose, /\]\(([^)\s]+)\)/g)
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => join(dirname(path), target.replace(/#.*$/, '')));
}

export interface Anchor {
  readonly file: string;
  readonly anchor: string;
}

export function linkedAnchors({ path, prose }: Page): Anchor[] {
  return matches(prose, /\]\(([^)\s:]*#[^)\s]+)\)/g).map((target) => {
    const [file = '', anchor = ''] = target.split('#');
    return { file: file === '' ? path : join(dirname(path), file), anchor };
  });
}

/** As GitHub makes them of headings. */
export const anchorsOf = ({ prose }: Page): string[] =>
  matches(prose, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const FOLDERS = ['libs', 'services', 'deploy', '.ci', '.changeset'];

/** Files and folders named in backticks; a pattern counts up to its first star. */
export function namedFiles({ prose }: Page): string[] {
  return matches(prose, /`([\w.@/*-]+)`/g)
    .filter((name) => FOLDERS.some((folder) => name.startsWith(`${folder}/`)))
    .map((name) => name.replace(/\*.*$/, ''));
}
