/** How a partition and a position become one number (L1): 64 partitions of 2^40 entries stay far below 2^53. */
const POSITIONS_PER_PARTITION = 2 ** 40;

export function entryId(partition: number, n: number): number {
  return partition * POSITIONS_PER_PARTITION + n;
}

export function positionOf(partition: number, id: number): number {
  return id - partition * POSITIONS_PER_PARTITION;
}

/** First id after the partition's last possible one. */
export function endOfPartition(partition: number): number {
  return (partition + 1) * POSITIONS_PER_PARTITION;
}
