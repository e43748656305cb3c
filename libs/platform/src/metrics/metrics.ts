import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../version';

/**
 * One registry per process, however many services share it. Our own names begin with `stepwell_` and are spelled in full where they
 * are made (conventions 3.3), so that a search finds them; no run ids and no URLs in labels.
 */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'stepwell_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: VERSION, node: process.version }, 1);
  return registry;
}
