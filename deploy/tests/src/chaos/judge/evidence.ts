import type { Journal } from '../../e2e/journal';
import type { Disturbance } from '../faults/fault';
import type { Told } from '../lies/lying-endpoint';

/** `Date.now()`, both. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is known of a run besides what the engine says of it. */
export interface Evidence {
  /** Of its endpoint. */
  readonly journal: Journal;
  readonly disturbances: readonly Disturbance[];
  /** When there was no gateway, beyond the faults themselves. */
  readonly gatewayAway: readonly Span[];
  /** Lies that were told of its deliveries. */
  readonly lies: readonly Told[];
  /** When its slow third party was asked (`Date.now()`). */
  readonly asked: readonly number[];
}

/** What is on its way already may arrive that much later. */
const ON_ITS_WAY_MS = 1_000;

/** Those that lasted at some time between the two. */
export function during<Each extends Span>(spans: readonly Each[], { from, to }: Span): Each[] {
  return spans.filter((each) => each.from <= to && each.to >= from);
}

/** When everything that was under way then is through for sure: what stood still goes on where it was once it is let go. */
export function throughAt(at: number, disturbances: readonly Disturbance[]): number {
  let until = at;
  for (const { from, to } of disturbances) if (from <= until + ON_ITS_WAY_MS && to > until) until = to;
  return until + ON_ITS_WAY_MS;
}
