import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/workspaces';

/**
 * Compares a page that is made from the code with the committed one; with `UPDATE_DOCS=1` in the environment writes it instead.
 * @param path below `deploy/docs`
 */
export function expectCommitted(path: string, generated: string): void {
  const file = join(repositoryRoot, 'deploy/docs', path);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, generated);
  expect(readFileSync(file, 'utf8')).toBe(generated);
}

/** For the head of a generated page. */
export const madeBy = (spec: string): string =>
  `<!-- Made from the code: UPDATE_DOCS=1 npx jest deploy/tests/src/docs/${spec} -->`;
