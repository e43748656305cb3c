/** What was done to the world, and how often; what it did. */
export class Tally {
  private readonly counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  add(other: Tally): void {
    for (const [what, count] of other.counts) this.count(what, count);
  }

  /** By name. */
  entries(): [string, number][] {
    return [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** The story so far, as one number: two stories with the same one are the same. 53 bits; cyrb53. */
export class Trace {
  private a = 0xdeadbeef;
  private b = 0x41c6ce57;
  /** Kept only for who wants to read it. */
  readonly lines: string[] = [];

  constructor(private readonly keeps = false) {}

  tell(line: string): void {
    for (let at = 0; at < line.length; at += 1) {
      const code = line.charCodeAt(at);
      this.a = Math.imul(this.a ^ code, 2654435761);
      this.b = Math.imul(this.b ^ code, 1597334677);
    }
    if (this.keeps) this.lines.push(line);
  }

  get hash(): string {
    let a = Math.imul(this.a ^ (this.a >>> 16), 2246822507);
    a ^= Math.imul(this.b ^ (this.b >>> 13), 3266489909);
    let b = Math.imul(this.b ^ (this.b >>> 16), 2246822507);
    b ^= Math.imul(this.a ^ (this.a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  }
}
