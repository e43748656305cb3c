import type { RunAnnouncement, TopicPublisher } from '@stepwell/core';

/** Public topics for tests and for a process without NATS: keeps what was published, each id once, up to a limit. */
export class MemoryTopicPublisher implements TopicPublisher {
  private readonly kept = new Map<string, RunAnnouncement>();

  constructor(private readonly maxKept = 1_000) {}

  get published(): readonly RunAnnouncement[] {
    return [...this.kept.values()];
  }

  publish(announcement: RunAnnouncement): Promise<void> {
    if (!this.kept.has(announcement.id)) this.kept.set(announcement.id, announcement);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.maxKept) break;
      this.kept.delete(oldest);
    }
    return Promise.resolve();
  }
}
