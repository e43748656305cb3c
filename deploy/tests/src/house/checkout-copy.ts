import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { repositoryRoot, workspacePackages } from './workspaces';

const leftOut = new Set(['.git', 'node_modules', 'coverage', 'dist-bundle', '.stepwell']);

/**
 * A copy of the checkout that may be spoiled: sources and builds are copied, installed packages linked, and the workspaces'
 * own packages linked to the copies (a link into the original would make every tool look there).
 */
export function copyOfCheckout(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-checkout-'));
  for (const entry of readdirSync(repositoryRoot)) {
    if (leftOut.has(entry) || entry.startsWith('.bootstrap.lock')) continue;
    cpSync(join(repositoryRoot, entry), join(folder, entry), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => !leftOut.has(basename(source)),
    });
  }
  const packages = workspacePackages();
  linkEach('node_modules', folder, new Set(['@stepwell']));
  mkdirSync(join(folder, 'node_modules/@stepwell'));
  for (const each of packages) {
    const own = relative(repositoryRoot, each.folder);
    symlinkSync(join(folder, own), join(folder, 'node_modules', each.name));
    if (existsSync(join(each.folder, 'node_modules'))) linkEach(join(own, 'node_modules'), folder, new Set());
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function linkEach(path: string, folder: string, except: ReadonlySet<string>): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  mkdirSync(target);
  for (const entry of readdirSync(join(repositoryRoot, path))) {
    if (!except.has(entry)) symlinkSync(join(repositoryRoot, path, entry), join(target, entry));
  }
}
