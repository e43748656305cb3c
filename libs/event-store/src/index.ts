export {};
export * from './embedded/replica-set';
