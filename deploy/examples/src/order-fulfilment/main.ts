import { runExample } from '../app/example-app';
import { orderFulfilment } from './workflow';

void runExample({
  name: 'order-fulfilment',
  workflow: orderFulfilment,
  payload: () => ({
    orderId: `order-${Date.now()}`,
    email: 'ada@example.com',
    lines: [
      { sku: 'tea', quantity: 2, priceCents: 450 },
      { sku: 'cup', quantity: 1, priceCents: 1200 },
    ],
  }),
  trigger: { retryDelay: '1000 * (1 + retried)' },
});
