/**
 * Time, as everything in Stepwell sees it: a port, so that tests can travel (architecture.md T2).
 *
 * `nowMs` is wall-clock time (unix milliseconds; in services with a store it follows the primary's clock). `monotonicMs` never
 * jumps and has no meaning but its differences: leases, heart-beats and time-outs are measured with it.
 */
export interface Clock {
  nowMs(): number;
  /**
   * The latest that it may be, where that is known better than `nowMs`, which is then the earliest (unix milliseconds). What is to last for
   * a while is counted from here.
   */
  latestMs?(): number;
  monotonicMs(): number;
  /** Calls back once, not before `delayMs` have passed. The returned function cancels. Must not keep a process alive by itself. */
  after(delayMs: number, callback: () => void): () => void;
}
