export { RUNS } from '../aggregates';
export { PartitionHost } from '../partition/partition.host';
export type { RunStateStore } from '../store';
export { assembleRunState, type RunStateParts } from './run-state-parts';
