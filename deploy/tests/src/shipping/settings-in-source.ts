import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, workspacePackages } from '../house/workspaces';

const declaration = /@Setting\('(STEPWELL_[A-Z0-9_]+)'/g;

const namesIn = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(declaration)].map(([, name = '']) => name);

const platformSettings = (): string[] => namesIn(join(repositoryRoot, 'libs/platform/src/config/service-settings.ts'));

/**
 * The settings a service reads, found where they are declared: what a manifest sets must be one of them. A service that may
 * not import the store reads no setting of it (standalone composes the five and reads what they read).
 */
export function settingsOf(service: string): ReadonlySet<string> {
  const composed =
    service === 'standalone' ? ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier'] : [];
  const own = [service, ...composed].flatMap((name) => {
    const folder = join(repositoryRoot, 'services', name, 'src');
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .flatMap((file) => namesIn(join(folder, file)));
  });
  const { manifest } = workspacePackages().find(({ name }) => name === `@stepwell/${service}`)!;
  const storeless = manifest.dependencies?.['@stepwell/event-store'] === undefined;
  return new Set([
    ...own,
    ...platformSettings().filter((name) => !(storeless && name.startsWith('STEPWELL_MONGODB_'))),
  ]);
}
