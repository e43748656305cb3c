export { ProbeServer } from './probe-server';
