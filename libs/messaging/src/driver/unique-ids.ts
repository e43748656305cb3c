import { randomBytes } from 'node:crypto';

/** Ids that no other process makes: random once, then counted, because a random id per ask would cost more than the ask. */
export class UniqueIds {
  private readonly prefix = randomBytes(9).toString('base64url');
  private count = 0;

  next(): string {
    this.count += 1;
    return `${this.prefix}.${this.count.toString(36)}`;
  }
}
