// One file per service, for images: `node deploy/bundle/bundle.mjs [--outdir DIR] [service…]` writes <service>/main.js into
// dist-bundle, or into DIR.
//
// Takes what `tsc -b` compiled (decorator metadata is the compiler's work, which a bundler would have to imitate) and puts
// it together with its dependencies. The file starts in an empty folder, without node_modules.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const { values, positionals: wanted } = parseArgs({
  options: { outdir: { type: 'string', default: join(root, 'dist-bundle') } },
  allowPositionals: true,
});

/** Every folder of services/ that was built into a program. */
const programs = readdirSync(join(root, 'services')).filter((name) =>
  statSync(mainOf(name), { throwIfNoEntry: false }),
);

function mainOf(service) {
  return join(root, 'services', service, 'dist/main.js');
}

/**
 * Nest, mongoose and pino ask for packages that may be absent and go on without them. Absent while bundling is absent when
 * running: such a `require` stays as it is. One from our own code is a mistake and fails the build.
 */
const lazyOptionals = {
  name: 'lazy-optionals',
  setup(bundler) {
    const asked = Symbol('asked');
    bundler.onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === asked || !importer.includes('/node_modules/') || kind === 'entry-point') return undefined;
      const found = await bundler.resolve(path, { importer, resolveDir, kind, pluginData: asked });
      return found.errors.length > 0 ? { path, external: true } : found;
    });
  },
};

const unknown = wanted.filter((name) => !programs.includes(name));
if (unknown.length > 0 || programs.length === 0) {
  const there =
    programs.length > 0 ? `there are ${programs.join(', ')}` : 'nothing is built: run `npm run build` first';
  process.stderr.write(`No built program is called ${unknown.join(', ') || 'anything'}; ${there}.\n`);
  process.exit(1);
}

if (wanted.length === 0) rmSync(values.outdir, { recursive: true, force: true });
await Promise.all(
  (wanted.length > 0 ? wanted : programs).map((service) =>
    build({
      entryPoints: { [`${service}/main`]: mainOf(service) },
      outdir: values.outdir,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'cjs',
      // Nest finds providers by class, and says their names when it can't.
      keepNames: true,
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'external',
      logLevel: 'warning',
      // Only a checkout has the examples: `stepwell dev --example` says so where they are missing.
      external: ['@stepwell/examples/package.json'],
      plugins: [lazyOptionals],
    }),
  ),
);
