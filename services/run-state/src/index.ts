export { RunStateConfig, RunStateSettings } from './run-state.config';
export { RunStateModule } from './run-state.module';
export type { RunStateStore } from './store';
