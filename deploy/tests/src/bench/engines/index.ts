import { dbos } from './dbos.engine';
import type { EngineKind } from './engine';
import { restate } from './restate.engine';
import { stepwell } from './stepwell.engine';
import { temporal } from './temporal.engine';

/** Ours, in both topologies and on both wires. */
export const OURS: readonly EngineKind[] = [
  stepwell('one', 'requests'),
  stepwell('one', 'inline'),
  stepwell('five', 'requests'),
  stepwell('five', 'inline'),
];
/** Ours with several processes of what carries the load; to be asked for by name. */
export const SCALED: readonly EngineKind[] = [2, 4].flatMap((times) => [
  stepwell('five', 'requests', times),
  stepwell('five', 'inline', times),
]);
/** Others, for comparison. */
export const PEERS: readonly EngineKind[] = [restate, dbos, temporal];

/** @throws Error that names those there are */
export function engineNamed(name: string): EngineKind {
  const all = [...OURS, ...SCALED, ...PEERS];
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no engine ${name}: there are ${all.map((each) => each.name).join(', ')}`);
  return found;
}
