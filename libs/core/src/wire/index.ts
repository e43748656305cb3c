export * from './duration';
export * from './headers';
