export type Say = (line: string) => void;

const EVERY_MS = 2_000;

/** Says how far it is, now and then. */
export function progressTo(say: Say, isWanted: boolean): Say {
  let saidAt = performance.now();
  return (line) => {
    if (!isWanted || performance.now() - saidAt < EVERY_MS) return;
    saidAt = performance.now();
    say(line);
  };
}
