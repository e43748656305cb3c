export * from './catalogue';
export * from './definition';
export * from './explaining';
export * from './partition';
export * from './reporting';
export * from './streams';
export * from './subjects';
