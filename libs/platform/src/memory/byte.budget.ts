/*
 * Bounds the bytes that are being received, assembled or written at one time (H4): a hundred bodies of ten megabytes each must wait
 * for one another instead of ending the process.
 *
 * 1. First come, first served.
 * 2. Who needs more than the whole budget gets it when nobody else holds anything.
 * 3. A hold that turns out larger than it was asked for grows at once; later ones wait for it. So nobody waits while holding.
 * 4. Who is told to wait no longer gives his turn up.
 */

export interface ByteHold {
  resize(sizeBytes: number): void;
  /** More than once is the same as once. */
  release(): void;
}

export class ByteBudget {
  private heldBytes = 0;
  private holds = 0;
  private readonly waiting: { readonly sizeBytes: number; readonly admit: () => void }[] = [];

  constructor(private readonly limitBytes: number) {}

  /** At once, or not at all. */
  tryHold(sizeBytes: number): ByteHold | undefined {
    if (this.waiting.length > 0 || !this.fits(sizeBytes)) return undefined;
    this.take(sizeBytes);
    return this.holdOf(sizeBytes);
  }

  /** @throws `signal`'s reason, when that is aborted before it is its turn */
  async hold(sizeBytes: number, signal?: AbortSignal): Promise<ByteHold> {
    return this.tryHold(sizeBytes) ?? (await this.waitFor(sizeBytes, signal));
  }

  private async waitFor(sizeBytes: number, signal: AbortSignal | undefined): Promise<ByteHold> {
    signal?.throwIfAborted();
    await new Promise<void>((admit, refuse) => {
      const waiting = { sizeBytes, admit };
      this.waiting.push(waiting);
      const giveUp = (): void => {
        const place = this.waiting.indexOf(waiting);
        if (place < 0) return;
        this.waiting.splice(place, 1);
        refuse(signal?.reason as Error);
        this.admitWaiting();
      };
      signal?.addEventListener('abort', giveUp, { once: true });
    });
    return this.holdOf(sizeBytes);
  }

  private holdOf(sizeBytes: number): ByteHold {
    let current = sizeBytes;
    let released = false;
    return {
      resize: (newSizeBytes) => {
        if (released) return;
        this.heldBytes += newSizeBytes - current;
        current = newSizeBytes;
        this.admitWaiting();
      },
      release: () => {
        if (released) return;
        released = true;
        this.heldBytes -= current;
        this.holds -= 1;
        this.admitWaiting();
      },
    };
  }

  private admitWaiting(): void {
    for (let next = this.waiting[0]; next !== undefined && this.fits(next.sizeBytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.take(next.sizeBytes);
      next.admit();
    }
  }

  private take(sizeBytes: number): void {
    this.heldBytes += sizeBytes;
    this.holds += 1;
  }

  private fits(sizeBytes: number): boolean {
    return this.holds === 0 || this.heldBytes + sizeBytes <= this.limitBytes;
  }
}
