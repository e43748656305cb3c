export { assembleScheduler, type SchedulerParts } from './scheduler-parts';
