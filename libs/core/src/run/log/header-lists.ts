import { toCanonicalHeaderLists } from '../../wire/headers';
import type { HeaderList } from '../../wire/submission';

/** `{"Content-Type": ["text/plain"]}` from pairs, several values of one name kept. */
export function headerLists(headers: HeaderList): Record<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [name, value] of headers) lists.set(name, [...(lists.get(name) ?? []), value]);
  return toCanonicalHeaderLists(Object.fromEntries(lists));
}
