// A gate that never fails guards nothing. Each is shown a fault planted in a copy of this checkout, and must name it.
import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfCheckout } from './checkout-copy';

let copy: { folder: string; remove: () => void };

beforeAll(() => {
  copy = copyOfCheckout();
});

afterAll(() => copy.remove());

function verify(gate: string): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy.folder, 'deploy/verify/verify.mjs'), '--only', gate],
    {
      cwd: copy.folder,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: undefined, NO_COLOR: '1' },
    },
  );
  // Tools wrap long lines to an imagined terminal; what is looked for below must be found all the same.
  return { status, text: `${stdout}${stderr}`.replace(/\s+/g, ' ') };
}

const planted: string[] = [];

function plant(path: string, text: string): void {
  const file = join(copy.folder, path);
  writeFileSync(file, text);
  planted.push(file);
}

afterEach(() => {
  for (const file of planted.splice(0)) rmSync(file);
});

const patienceMs = 120_000;

test(
  'imports: a service that imports another, and a NATS client outside messaging',
  () => {
    plant(
      'services/scheduler/src/planted.ts',
      "import { connect } from 'nats';\nimport * as gateway from '@stepwell/gateway';\nexport const planted = [connect, gateway];\n",
    );
    const { status, text } = verify('imports');
    expect(status).toBe(1);
    expect(text).toContain(
      'services-do-not-import-each-other: services/scheduler/src/planted.ts → services/gateway/src/index.ts',
    );
    expect(text).toMatch(/nats-only-in-messaging: services\/scheduler\/src\/planted\.ts → \S*node_modules\/nats\//);
  },
  patienceMs,
);

test(
  'imports: a Node built-in within the core',
  () => {
    plant(
      'libs/core/src/planted.ts',
      "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n",
    );
    const { status, text } = verify('imports');
    expect(status).toBe(1);
    expect(text).toContain('core-imports-nothing: libs/core/src/planted.ts → fs');
  },
  patienceMs,
);

test(
  'unused: an export that serves nobody',
  () => {
    appendFileSync(join(copy.folder, 'libs/core/src/wire/duration.ts'), '\nexport const plantedAndUnused = 2;\n');
    const { status, text } = verify('unused');
    expect(status).toBe(1);
    expect(text).toMatch(/Unused exports .*plantedAndUnused libs\/core\/src\/wire\/duration\.ts/);
  },
  patienceMs,
);

test(
  'types: a message whose payload is not what the catalogue says',
  () => {
    plant(
      'services/scheduler/src/planted.ts',
      "import { type Bus, asks, message } from '@stepwell/core';\n" +
        "export const planted = (bus: Bus) => bus.ask(asks.CancelRun, 'any', message({ runIdentifier: 'wfr_1' }));\n",
    );
    const { status, text } = verify('types');
    expect(status).toBe(1);
    expect(text).toMatch(/services\/scheduler\/src\/planted\.ts\(2,\d+\): error TS2345: .*'CancelRunRequest'/);
  },
  patienceMs,
);

test(
  'lint: a clock within the core, and a comment that asks to look away',
  () => {
    plant(
      'libs/core/src/planted.ts',
      '/* eslint-disable no-restricted-properties */\nexport const planted = (): number => Date.now();\n',
    );
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(copy.folder, 'node_modules/eslint/bin/eslint.js'), '--max-warnings', '0', 'libs/core/src/planted.ts'],
      { cwd: copy.folder, encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stdout).toContain('no-restricted-properties');
    expect(stdout).toContain('time, ids and randomness come in with the command');
  },
  patienceMs,
);
