export { SystemClock } from './system-clock';
export { TestClock } from './test-clock';
