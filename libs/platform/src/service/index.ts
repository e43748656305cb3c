export { busLink } from './bus-link';
export { PlatformModule } from './platform.module';
export type { PlatformParts } from './platform.module';
export { runService } from './run-service';
export type { Connected, HttpSide, ServiceBase, ServiceBus, ServiceDefinition } from './service-definition';
export { ServiceProcess } from './service-process';
export { natsOptions, type NatsOptions } from './nats-options';
