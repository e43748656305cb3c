export {
  type AnyWork,
  type AskContext,
  type AskHandler,
  type BusDriver,
  type BusLog,
  type IntakeLimits,
  type WorkHandler,
} from './driver/bus-driver';
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory.broker';
export { MemoryBus, type MemoryBusOptions } from './memory/memory.bus';
export { MemoryTopicPublisher } from './memory/memory.topic-publisher';
export { Answers, Works } from './nest/handler.decorators';
export { MessagingServer, type MessagingServerOptions } from './nest/messaging.server';
export { connectNatsBus, NatsBus } from './nats/nats.bus';
export { inspectNats, type NatsInspection, type NatsReport, type StreamReport } from './nats/nats.inspection';
export type { NatsBusOptions, NatsLinkOptions, StreamOverrides } from './nats/nats.options';
export { createNatsTopicPublisher, type OwnTopicPublisher } from './nats/nats.topic-publisher';
