import { Inject, Injectable } from '@nestjs/common';
import { METRICS } from '@stepwell/platform';
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import { PatientAsker } from '../asking/patient-asker';
import { StartGate } from '../submissions/start.gate';

/** No run ids and no URLs in labels: `route` is the router's own pattern (conventions 3.3). */
@Injectable()
export class RequestMetrics {
  private readonly requests: Counter<'route' | 'method' | 'status'>;
  private readonly durations: Histogram<'route' | 'method'>;

  constructor(@Inject(METRICS) registry: Registry, asker: PatientAsker, starts: StartGate) {
    this.requests = new Counter({
      name: 'stepwell_gateway_requests_total',
      help: 'Requests answered.',
      labelNames: ['route', 'method', 'status'],
      registers: [registry],
    });
    this.durations = new Histogram({
      name: 'stepwell_gateway_request_duration_seconds',
      help: 'From the end of a request’s headers to the end of its answer.',
      labelNames: ['route', 'method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
    new Gauge({
      name: 'stepwell_gateway_asks_pending',
      help: 'Requests that wait for the answer of another service; new runs are shed by it.',
      registers: [registry],
      collect() {
        this.set(asker.pending);
      },
    });
    new Gauge({
      name: 'stepwell_gateway_starts_waiting',
      help: 'Requests that begin runs and wait for their turn.',
      registers: [registry],
      collect() {
        this.set(starts.waiting);
      },
    });
  }

  observe(route: string, method: string, status: number, durationMs: number): void {
    this.requests.inc({ route, method, status });
    this.durations.observe({ route, method }, durationMs / 1_000);
  }
}
