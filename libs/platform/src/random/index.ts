export * from './random-text';
