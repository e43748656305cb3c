import type { IncomingMessage } from 'node:http';

/** The headers as they were sent: in their order and spelling, a name as often as it came. */
export function headerPairs({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): [name: string, value: string][] {
  const pairs: [name: string, value: string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return pairs;
}
