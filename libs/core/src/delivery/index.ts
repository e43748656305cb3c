export * from './backoff';
export * from './outcome';
export * from './retry-after';
export * from './retry-delay.expression';
