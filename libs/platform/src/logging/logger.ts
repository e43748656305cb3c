import type { DestinationStream, Logger } from 'pino';
import pino from 'pino';
import type { LogFormat, LogLevel } from '../config';
import { VERSION } from '../version';
import { prettyLine } from './pretty-line';
import { redacted } from './redaction';

/**
 * One JSON object per line: `time, level, msg, service, version, pid`, and what the caller adds (`runId`, `messageId`, `stepName`,
 * `attempt`, `durationMs`, `err`; conventions 3.4). Bodies and header lists are users' data: never log them at info or above.
 */
export function createLogger(
  config: { readonly logLevel: LogLevel; readonly logFormat: LogFormat },
  service: string,
  destination: DestinationStream = process.stdout,
): Logger {
  const pretty: DestinationStream = { write: (line) => destination.write(prettyLine(line)) };
  return pino(
    {
      level: config.logLevel,
      base: { service, version: VERSION, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: redacted },
    },
    config.logFormat === 'pretty' ? pretty : destination,
  );
}
