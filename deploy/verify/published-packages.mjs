import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders under libs/ whose package may go to a registry: those not marked private.
 *
 * @param {string} root
 */
export function publishedPackages(root) {
  return readdirSync(join(root, 'libs'))
    .map((name) => join('libs', name))
    .filter((folder) => !JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).private);
}
