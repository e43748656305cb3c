export interface Order {
  readonly orderId: string;
  readonly email: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly priceCents: number }[];
}

/** The shop's own systems, in memory: every operation may be repeated with the same order id. */
export class Shop {
  private readonly stock = new Map([
    ['tea', 40],
    ['cup', 12],
  ]);
  private readonly booked = new Set<string>();
  private readonly paymentAttempts = new Map<string, number>();

  validate(order: Order): number {
    if (order.lines.length === 0) throw new Error('an order needs a line');
    return order.lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
  }

  check(order: Order): boolean {
    return order.lines.every(({ sku, quantity }) => (this.stock.get(sku) ?? 0) >= quantity);
  }

  /** The payment provider is out of order for the first two attempts of every order. */
  pay(order: Order, amountCents: number): string {
    const attempt = (this.paymentAttempts.get(order.orderId) ?? 0) + 1;
    this.paymentAttempts.set(order.orderId, attempt);
    if (attempt <= 2) throw new Error(`payment provider: temporarily unavailable (attempt ${attempt})`);
    return `payment-${order.orderId}-${amountCents}`;
  }

  book(order: Order): Record<string, number> {
    if (!this.booked.has(order.orderId)) {
      this.booked.add(order.orderId);
      for (const { sku, quantity } of order.lines) this.stock.set(sku, (this.stock.get(sku) ?? 0) - quantity);
    }
    return Object.fromEntries(this.stock);
  }
}
