import { readFileSync } from 'node:fs';

export interface Probe {
  readonly service: string;
  /** Base URL of its health and metrics. */
  readonly url: string;
}

/** Where the services that wrote this log serve their probes: each says so when it has started (log level info, format json). */
export function probesIn(logFile: string): Probe[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"probePort"'))
    .map((line) => {
      const { service, probePort } = JSON.parse(line) as { service: string; probePort: number };
      return { service, url: `http://127.0.0.1:${probePort}` };
    });
}
