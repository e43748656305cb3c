export { followRun } from './app/follow-run';
