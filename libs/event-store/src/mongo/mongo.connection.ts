import type { Clock } from '@stepwell/core';
import mongoose, { type ConnectOptions } from 'mongoose';
import { driverRuntime } from '../driver-runtime';
import type { StoreLogger } from '../store-logger';

const RETRY_MS = 1_000;

/**
 * `socketTimeoutMS` decides when a hung insert counts as unknown, and every stall of the disk below it goes unnoticed.
 * `retryWrites` is for everything but the log (see `mongo.log-driver.ts`): those writes are conditional or the same twice.
 */
const OPTIONS: ConnectOptions = {
  ...driverRuntime,
  serverSelectionTimeoutMS: 2_000,
  connectTimeoutMS: 2_000,
  socketTimeoutMS: 10_000,
  heartbeatFrequencyMS: 2_000,
  maxPoolSize: 20,
  retryWrites: true,
  retryReads: true,
  readPreference: 'primary',
  bufferCommands: false,
  autoIndex: false,
  autoCreate: false,
};

/** A connection that waits for its database as long as it takes, says so, and then keeps itself alive. */
export class MongoConnection {
  readonly mongoose = mongoose.createConnection();
  private readonly closing = new AbortController();
  /** From then on the driver reconnects by itself; a second `openUri` would be a second client. */
  private opened = false;

  constructor(
    private readonly uri: string,
    private readonly dbName: string,
    private readonly clock: Clock,
    private readonly logger: StoreLogger,
  ) {
    // Without a listener mongoose's 'error' would end the process; whoever asked gets the same error anyway.
    this.mongoose.on('error', () => undefined);
    this.mongoose.on('disconnected', () => {
      if (this.opened && !this.closing.signal.aborted) logger.warn({ dbName }, 'MongoDB has no primary, waiting');
    });
    this.mongoose.on('reconnected', () => {
      logger.info({ dbName }, 'MongoDB is back');
    });
  }

  isConnected(): boolean {
    return this.mongoose.readyState === mongoose.ConnectionStates.connected;
  }

  /** Tries again until it works. @throws what isn't a matter of waiting; when closed. */
  async untilDone(what: string, attempt: () => Promise<void>, isFinal: (error: unknown) => boolean): Promise<void> {
    for (let complained = false; ; complained = true) {
      this.closing.signal.throwIfAborted();
      try {
        if (!this.opened) await this.mongoose.openUri(this.uri, { ...OPTIONS, dbName: this.dbName });
        this.opened = true;
        await attempt();
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        this.closing.signal.throwIfAborted();
        if (!complained) this.logger.warn({ err: error, dbName: this.dbName }, `waiting for MongoDB to ${what}`);
        await this.pause();
      }
    }
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('the store was closed'));
    await this.mongoose.close();
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.closing;
      const done = (): void => {
        signal.removeEventListener('abort', done);
        cancel();
        resolve();
      };
      const cancel = this.clock.after(RETRY_MS, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
