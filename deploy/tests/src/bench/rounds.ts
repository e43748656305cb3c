/** What has been measured of one contestant so far. */
export interface Progress {
  readonly name: string;
  /** Runs that nothing else disturbed. */
  readonly clean: number;
  /** All of its runs. */
  readonly tried: number;
}

export interface Wanted {
  readonly runs: number;
  /** Most runs of one contestant, however many of them were disturbed. */
  readonly limit: number;
}

/**
 * Who is measured in the next round, in the order of the sitting: A B A B, so that a machine that changes during the sitting changes for all.
 * Who has enough clean runs goes along as long as anybody lacks some: a figure is only as good as what was measured beside it.
 * Empty when the sitting is over.
 */
export function nextRound(progress: readonly Progress[], { runs, limit }: Wanted): readonly string[] {
  const lacking = progress.filter(({ clean, tried }) => clean < runs && tried < limit);
  if (lacking.length === 0) return [];
  return progress.filter(({ tried }) => tried < limit).map(({ name }) => name);
}
