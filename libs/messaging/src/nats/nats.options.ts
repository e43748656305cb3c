import type { BusLog } from '../driver/bus-driver';

export interface NatsLinkOptions {
  /** One server or several of a cluster: `nats://host:port`. */
  readonly url: string | readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Content of a `.creds` file. */
  readonly creds?: string;
  /** Shown in NATS' own monitoring. */
  readonly name: string;
  readonly log?: BusLog;
  /** Gives up waiting for a server at start. */
  readonly signal?: AbortSignal;
}

export interface NatsBusOptions extends NatsLinkOptions {
  /** The store's epoch: part of the work streams' names, raised by a restore (architecture.md E2). */
  readonly epoch: number;
  /** The name under which `{member}` reaches this process. Default: `name`. */
  readonly member?: string;
  /** Copies of each stream in a JetStream cluster. Default 1. */
  readonly replicas?: number;
  /** Instead of the stream table's: for tests. */
  readonly limits?: StreamOverrides;
}

export interface StreamOverrides {
  readonly ackWaitMs?: number;
  readonly maxItems?: number;
  /** Of each stream. */
  readonly maxBytes?: number;
}
