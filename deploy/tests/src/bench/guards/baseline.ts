import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Topology } from '../../e2e/stepwell-under-test';
import type { Wire } from './guarded-app';
import type { Counts, Lines } from './lines';

/** From the sources for compiled code too: it is one file, which is committed. */
const FILE = resolve(__dirname, '../../../src/bench/guards/baseline.json');

export interface Baseline {
  /** Of the Node that CPU time and allocations were recorded with: another one's are others. */
  readonly nodeMajor: string;
  readonly counts: Readonly<Record<Topology, Readonly<Record<Wire, Lines>>>>;
  /** Of one process: multiples of the calibration loop, by process. */
  readonly cpu: Readonly<Record<Wire, Counts>>;
  /** Of one process: bytes for a step. */
  readonly allocatedBytes: Readonly<Record<Wire, number>>;
}

export const [NODE_MAJOR = ''] = process.versions.node.split('.');

export const readBaseline = (): Baseline => JSON.parse(readFileSync(FILE, 'utf8')) as Baseline;
export function writeBaseline(baseline: Baseline): void {
  writeFileSync(FILE, `${JSON.stringify(baseline, null, 2)}\n`);
}
