export * from './backoff';
export * from './retry-after';
export * from './retry-delay.expression';
