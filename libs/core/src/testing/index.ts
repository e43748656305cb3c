export * from './mailbox-scenario';
export * from './run-scenario';
