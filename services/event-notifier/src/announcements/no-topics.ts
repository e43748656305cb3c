import type { TopicPublisher } from '@stepwell/core';

/** For one process without NATS: there is nobody outside to tell, so whatever is announced counts as told. */
export const noTopics: TopicPublisher = { publish: () => Promise.resolve() };
