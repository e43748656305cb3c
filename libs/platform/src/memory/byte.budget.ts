/*
 * Bounds the bytes that are being assembled or written at one time (H4): a hundred deliveries of ten megabytes each must wait for
 * one another instead of ending the process.
 *
 * 1. First come, first served.
 * 2. Who needs more than the whole budget gets it when nobody else holds anything.
 * 3. A hold that turns out larger than it was asked for grows at once; later ones wait for it. So nobody waits while holding.
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

  async hold(sizeBytes: number): Promise<ByteHold> {
    if (this.waiting.length > 0 || !this.fits(sizeBytes)) {
      await new Promise<void>((admit) => {
        this.waiting.push({ sizeBytes, admit });
      });
    } else {
      this.take(sizeBytes);
    }
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
