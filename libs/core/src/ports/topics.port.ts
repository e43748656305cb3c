import type { RunAnnouncement } from '../messages/catalogue';

/** The public topics of runs' ends (architecture.md section 9): a limits stream that outsiders may read (B2). */
export interface TopicPublisher {
  /**
   * Publishes to `runTopic(outcome, workflow)`, deduplicated by the announcement's id. Resolves when the stream has it; rejects
   * when it is unknown or false that it has: whoever announces still owes it.
   */
  publish(announcement: RunAnnouncement): Promise<void>;
}
