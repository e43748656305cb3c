export * from './explain';
export * from './reason.text';
export * from './waiting.reason';
