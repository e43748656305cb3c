export * from './delivery';
export * from './mailbox';
export * from './messages';
export * from './ports';
export * from './rest';
export * from './run';
export * from './steps';
export * from './wire';
