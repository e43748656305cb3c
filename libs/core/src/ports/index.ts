export * from './bus.port';
export * from './clock.port';
export * from './event-log.port';
export * from './primary.clock';
export * from './read-models.port';
export * from './topics.port';
