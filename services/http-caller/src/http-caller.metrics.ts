import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import { blockReason } from './outbound/attempt.failure';
import type { ExchangeEnd } from './outbound/http.exchange';
import { isSuccess } from './outbound/http-attempt';

export type CallClass = 'step' | 'callback' | 'failure' | 'call';

/** Seconds; a call may take hours. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

/** Never a run id, a URL or a host in a label (conventions 3.3). */
export class HttpCallerMetrics {
  private readonly calls: Counter<'class' | 'outcome'>;
  private readonly durations: Histogram<'class'>;
  private readonly inFlight: Gauge<'class'>;
  private readonly blocked: Counter<'reason'>;
  private readonly tails: Counter<'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.calls = new Counter({
      name: 'stepwell_http_calls_total',
      help: 'Outbound HTTP requests by class and outcome: success, http_error or the code of the error.',
      labelNames: ['class', 'outcome'],
      registers,
    });
    this.durations = new Histogram({
      name: 'stepwell_http_call_duration_seconds',
      help: 'How long outbound HTTP requests took, connecting and reading included.',
      labelNames: ['class'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.inFlight = new Gauge({
      name: 'stepwell_http_calls_in_flight',
      help: 'Outbound HTTP requests at this moment.',
      labelNames: ['class'],
      registers,
    });
    this.blocked = new Counter({
      name: 'stepwell_http_call_blocked_total',
      help: 'Requests that the outbound guard refused, by the kind of address they led to.',
      labelNames: ['reason'],
      registers,
    });
    this.tails = new Counter({
      name: 'stepwell_delivery_tails_total',
      help: 'Deliveries of the end of a history to endpoints that keep it: taken, or refused for the whole.',
      labelNames: ['outcome'],
      registers,
    });
  }

  tail(outcome: 'taken' | 'refused'): void {
    this.tails.inc({ outcome });
  }

  /** Returns what to call when it has ended; without an end it was given up before a request was made. */
  began(callClass: CallClass): (end: ExchangeEnd | undefined) => void {
    this.inFlight.inc({ class: callClass });
    return (end) => {
      this.inFlight.dec({ class: callClass });
      if (end === undefined) return;
      const { status, error, durationMs } = end.attempt;
      const outcome = error?.code ?? (status !== undefined && isSuccess(status) ? 'success' : 'http_error');
      this.calls.inc({ class: callClass, outcome });
      this.durations.observe({ class: callClass }, durationMs / 1000);
      const reason = blockReason(end.cause);
      if (reason !== undefined) this.blocked.inc({ reason });
    };
  }
}
