// Decides whether node_modules matches package-lock.json, and makes it so if not.
//
// Owns: the stamp file in node_modules. Does not own: what the lock file says.
//
// I1. The stamp is written after a complete install only; an interrupted one is done again.
// I2. An install made by hand (`npm ci`, `npm install x`) counts: npm's own record is compared before anything is fetched.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { readIfThere } from './files.mjs';

/**
 * True when npm recorded every package of the lock file as installed in the same version. Optional packages may be
 * missing (other platforms' binaries), anything else may not: an install without development dependencies is no install.
 *
 * @param {string} lockText
 * @param {string | undefined} installedText npm's `node_modules/.package-lock.json`, which it writes last
 */
function isInstalled(lockText, installedText) {
  if (installedText === undefined) return false;
  const installed = JSON.parse(installedText).packages;
  return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
    if (path === '' || wanted.optional || wanted.devOptional) return true;
    const found = installed[path];
    return found !== undefined && found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** @param {string} root */
export async function installDependencies(root) {
  const modules = join(root, 'node_modules');
  const stamp = join(modules, '.stepwell-installed');
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  // Native packages differ by platform: a folder shared with a container or another machine is not installed there.
  const platform = `${process.platform}-${process.arch}`;
  const wanted = `${platform} ${createHash('sha256').update(lockText).digest('hex')}\n`;
  const found = readIfThere(stamp);
  if (found === wanted) return;
  const foreign = found !== undefined && !found.startsWith(`${platform} `);
  if (!foreign && isInstalled(lockText, readIfThere(join(modules, '.package-lock.json')))) {
    writeFileSync(stamp, wanted);
    return;
  }
  const why =
    found === undefined
      ? 'nothing is installed yet'
      : foreign
        ? 'another platform installed'
        : 'package-lock.json has changed';
  process.stderr.write(`Installing dependencies (${why}); this takes about a minute.\n`);
  // `--include=dev`: TypeScript is needed to build, whatever NODE_ENV says. npm's own path, not the one on PATH, so that
  // the npm that was started is the npm that installs.
  const npm = process.env.npm_execpath;
  await runChild([...(npm ? [npm] : []), 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    command: npm ? process.execPath : 'npm',
    onFailure: '`npm ci` failed; nothing was started.',
  });
  writeFileSync(stamp, wanted);
}
