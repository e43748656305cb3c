const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** How long to wait after so many failures in a row: 100 ms, doubled each time, half a minute at most. For ever. */
export function backOffMs(failures: number): number {
  return failures <= 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
}
