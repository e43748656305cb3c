import { Registry } from 'prom-client';
import { HttpCallerMetrics } from '../http-caller.metrics';

/** Counted, and read by nobody. */
export const unwatchedMetrics = (): HttpCallerMetrics => new HttpCallerMetrics(new Registry());
