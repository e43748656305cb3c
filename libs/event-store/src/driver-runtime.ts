import * as os from 'node:os';
import type { mongo } from 'mongoose';

/**
 * To be spread into the options of every client and connection. Left to itself the driver (7.8) loads `os` by a dynamic
 * `import()`, which fails inside of Jest; the connection then dies of the empty metadata with a misleading message.
 */
export const driverRuntime: Pick<mongo.MongoClientOptions, 'runtimeAdapters'> = { runtimeAdapters: { os } };
