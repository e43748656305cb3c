export {
  type CacheFiller,
  type OnProgress,
  type ResolvedBinary,
  type ResolveOptions,
  type WantedBinary,
} from './binary-resolver';
export type { EmbeddedServer, ServerBounds } from './embedded-server';
export { lockDataDir, waitForLock, type HeldLock } from './folder-lock';
export { assertFree, freePort } from './free-port';
export { keepRunning, type KeepRunningOptions, type KeptServer, type ServerEvent } from './keep-running';
export { startMongod, type EmbeddedMongod, type StartMongodOptions } from './mongod.server';
export { type NatsAccess } from './nats-access';
export {
  launchNatsServer,
  startNatsServer,
  type EmbeddedNats,
  type LaunchNatsOptions,
  type StartNatsOptions,
} from './nats.server';
export { isAlive } from './process-identity';
export { resolveMongod, resolveNatsServer, type ServerAtHand } from './server-binaries';
export { ServerNotFound, type TriedSource } from './server-not-found.error';
export { type ProcessExit, type SupervisedProcess, type SupervisedProcessOptions } from './supervised-process';
export { hasErrorCode } from './system-error';
