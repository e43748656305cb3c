export { recordings } from './golden-recordings';
export * from './mailbox-scenario';
export * from './run-scenario';
export { resumed } from './successor-scenario';
