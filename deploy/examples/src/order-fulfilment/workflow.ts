import { serve } from '@upstash/workflow/express';
import { WorkflowNonRetryableError } from '@upstash/workflow';
import { sendEmail } from '../app/outbox';
import type { Order } from './shop';
import { Shop } from './shop';

const shop = new Shop();

/** E-commerce order fulfilment: six steps, of which the payment fails twice and is retried by itself. */
export const orderFulfilment = serve<Order>(async (context) => {
  const order = context.requestPayload;

  const amountCents = await context.run('validate-order', () => shop.validate(order));

  const inStock = await context.run('check-inventory', () => shop.check(order));
  if (!inStock) throw new WorkflowNonRetryableError(`order ${order.orderId} can't be filled`);

  const payment = await context.run('process-payment', () => shop.pay(order, amountCents));

  const label = await context.run('generate-shipping-label', () => `label-${order.orderId}`);

  await context.run('update-inventory', () => shop.book(order));

  await context.run('send-confirmation', () =>
    sendEmail(
      `${order.orderId}-confirmation`,
      order.email,
      `Your order is paid (${payment}) and on its way (${label}).`,
    ),
  );
  return { payment, label };
});
