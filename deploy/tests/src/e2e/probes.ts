import { readFileSync } from 'node:fs';

export interface Probe {
  readonly service: string;
  /** Base URL of its health and metrics. */
  readonly url: string;
  /** Of what it serves besides, if it does. */
  readonly httpPort?: number;
}

/** Where the services that wrote this log serve their probes: each says so when it has started (log level info, format json). */
export function probesIn(logFile: string): Probe[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"probePort"'))
    .map((line) => {
      const { service, probePort, httpPort } = JSON.parse(line) as {
        service: string;
        probePort: number;
        httpPort?: number;
      };
      return { service, url: `http://127.0.0.1:${probePort}`, ...(httpPort === undefined ? {} : { httpPort }) };
    });
}
