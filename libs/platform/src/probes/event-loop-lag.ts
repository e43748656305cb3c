const TICK_MS = 250;

/** How late the event loop is: a tick that should come every 250 ms, and how overdue it is. Never keeps the process alive. */
export class EventLoopLag {
  private lastTickAt = performance.now();
  private lastLagMs = 0;
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.timer = setInterval(() => {
      const now = performance.now();
      this.lastLagMs = Math.max(0, now - this.lastTickAt - TICK_MS);
      this.lastTickAt = now;
    }, TICK_MS).unref();
  }

  /** Of the last tick, or of the one that is still to come: whichever is worse. */
  get lagMs(): number {
    return Math.max(this.lastLagMs, performance.now() - this.lastTickAt - TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
