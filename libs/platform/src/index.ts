export * from './health-registry';
export * from './shutdown-sequence';
export * from './tokens';
export * from './embedded';
