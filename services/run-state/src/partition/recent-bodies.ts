/** The bodies appended last, as many as an item's tail can hold (H5), so that the hot path never reads the log. */
export class RecentBodies {
  private static readonly limitBytes = 16 * 1024;
  /** By version, oldest first; then by event and slot. */
  private readonly kept = new Map<number, { readonly events: readonly KeptBodies[]; readonly bytes: number }>();
  private bytes = 0;

  add(version: number, events: readonly { readonly bodies: readonly Uint8Array[] }[]): void {
    let bytes = 0;
    const copies = events.map(({ bodies }) =>
      bodies.map((body) => {
        if (body.byteLength > RecentBodies.limitBytes) return undefined;
        bytes += body.byteLength;
        // A copy: a slice would keep the whole frame alive that it came in.
        return new Uint8Array(body);
      }),
    );
    this.kept.set(version, { events: copies, bytes });
    this.bytes += bytes;
    for (const [oldest, entry] of this.kept) {
      if (this.bytes <= RecentBodies.limitBytes) break;
      this.kept.delete(oldest);
      this.bytes -= entry.bytes;
    }
  }

  get(version: number, event: number, slot: number): Uint8Array | undefined {
    return this.kept.get(version)?.events[event]?.[slot];
  }
}

type KeptBodies = readonly (Uint8Array | undefined)[];
