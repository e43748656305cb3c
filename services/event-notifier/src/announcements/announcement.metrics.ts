import type { RunAnnouncement } from '@stepwell/core';
import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';

export class AnnouncementMetrics {
  private readonly announcements: Counter<'outcome' | 'result'>;

  constructor(registry: Registry) {
    this.announcements = new Counter({
      name: 'stepwell_announcements_total',
      help: 'Announcements of ended runs, by how the run ended and by whether they were told or given back to be told later.',
      labelNames: ['outcome', 'result'],
      registers: [registry],
    });
  }

  ended(outcome: RunAnnouncement['outcome'], result: 'told' | 'given-back'): void {
    this.announcements.inc({ outcome, result });
  }
}
