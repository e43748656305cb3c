import { seededRandom } from '../../e2e/random';

/** All that happens by chance in one scenario comes from here, in the order it is asked for. */
export class Chance {
  private readonly next: () => number;
  private ids = 0;

  constructor(private readonly seed: number) {
    this.next = seededRandom(seed);
  }

  /** In [0, 1). */
  readonly random = (): number => this.next();

  happens(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** A number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][];
    let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      rest -= weight;
      if (rest < 0) return name;
    }
    return entries[0]![0];
  }

  /** Another source, of its own: what one part of the world asks for doesn't change what another gets. */
  apart(name: string): Chance {
    let mixed = this.seed;
    for (const letter of name) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0;
    return new Chance(mixed);
  }

  /** Never the same twice. Looks like what the product makes: where it lies is by chance. */
  id(): string {
    this.ids += 1;
    return `${Math.floor(this.next() * 2 ** 40).toString(36)}${this.ids.toString(36)}`;
  }
}
