export { RunStateSettings } from './run-state.config';
export { RunStateModule } from './run-state.module';
export { runStateService, runStateStore } from './run-state.service';
