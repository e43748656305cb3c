import { createHash } from 'node:crypto';
import { PARTITIONS } from '@stepwell/core';

/**
 * Who owns each partition, by highest random weight (L2): everyone reckons the same from the same members, and one that comes or
 * goes moves only its own share. Part of what processes of different versions must agree on: never change it.
 */
export function rendezvousOwners(members: readonly string[]): readonly (string | undefined)[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => heaviest(members, partition));
}

function heaviest(members: readonly string[], partition: number): string | undefined {
  let owner: string | undefined;
  let heaviestWeight = '';
  for (const member of members) {
    const weight = createHash('sha256').update(`${partition}/${member}`).digest('hex');
    if (weight > heaviestWeight) {
      heaviestWeight = weight;
      owner = member;
    }
  }
  return owner;
}
