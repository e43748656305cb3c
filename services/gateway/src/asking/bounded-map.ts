/** Like `Promise.all(items.map(work))` with at most `atATime` under way; the first failure stops what has not begun. */
export async function boundedMap<Item, Result>(
  items: readonly Item[],
  atATime: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const queue = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [place, item] of queue) {
      if (failed) return;
      try {
        results.set(place, await work(item));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  return items.flatMap((_, place) => (results.has(place) ? [results.get(place) as Result] : []));
}
