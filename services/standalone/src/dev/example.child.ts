import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChildDefinition } from './child-process';
import { devCredentials } from './dev-credentials';

/**
 * The program of one of `deploy/examples`.
 * @throws Error that names the examples there are
 */
export function findExample(name: string): string {
  const compiled = join(examplesFolder(), 'dist');
  const main = join(compiled, name, 'main.js');
  if (!/^[a-z-]+$/.test(name) || !existsSync(main)) {
    const there = existsSync(compiled)
      ? readdirSync(compiled).filter((each) => existsSync(join(compiled, each, 'main.js')))
      : [];
    throw new Error(
      `there is no example "${name}"; there are: ${there.join(', ') || 'none (npm run build makes them)'}`,
    );
  }
  return main;
}

/**
 * An example as a child: an ordinary app with the official client, told nothing but the four variables of the banner and where to put
 * its outbox.
 */
export function exampleChild(
  name: string,
  { url, dataDir, env }: { readonly url: string; readonly dataDir: string; readonly env: NodeJS.ProcessEnv },
): ChildDefinition {
  const { token, currentKey, nextKey } = devCredentials(env);
  return {
    name: `example ${name}`,
    args: [findExample(name)],
    env: {
      ...env,
      QSTASH_URL: url,
      QSTASH_TOKEN: token,
      QSTASH_CURRENT_SIGNING_KEY: currentKey,
      QSTASH_NEXT_SIGNING_KEY: nextKey,
      EXAMPLE_OUTBOX: env['EXAMPLE_OUTBOX'] ?? join(dataDir, 'outbox'),
    },
  };
}

function examplesFolder(): string {
  try {
    return dirname(require.resolve('@stepwell/examples/package.json'));
  } catch {
    throw new Error('the examples are in the checkout (deploy/examples); this is the program alone');
  }
}
