export * from './delivery';
export * from './messages';
export * from './ports';
export * from './rest';
export * from './wire';
