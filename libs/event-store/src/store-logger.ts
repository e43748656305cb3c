/** Where the store says what it waits for; pino's loggers fit. */
export interface StoreLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

export const SILENT_LOGGER: StoreLogger = { info: () => undefined, warn: () => undefined };
