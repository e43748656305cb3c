export * from './catalogue';
export * from './definition';
export * from './streams';
export * from './subjects';
