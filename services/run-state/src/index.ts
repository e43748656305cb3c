export { RunStateSettings } from './run-state.config';
export { RunStateModule } from './run-state.module';
export { mailboxKey, runKey } from './aggregates';
export { Stream, UnreadableStream } from './partition/stream';
export { type Rebuilt, rebuildPartition } from './rebuild/partition.rebuild';
export { runStateService, runStateStore } from './run-state.service';
