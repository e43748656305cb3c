export * from './fault-proxy';
export {
  useMongod,
  useOwnMongod,
  type EnsureReplicaSet,
  type MongodUnderTest,
  type OwnMongodUnderTest,
} from './mongod-under-test';
export {
  useNatsServer,
  useOwnNatsServer,
  type NatsUnderTest,
  type OwnNatsUnderTest,
  type RestartOptions,
} from './nats-under-test';
export type { Scope } from './per-scope';
