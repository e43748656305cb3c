import { readFileSync } from 'node:fs';

/**
 * @param {string} path
 * @returns {string | undefined} the file's text; undefined when there is no such file
 */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
