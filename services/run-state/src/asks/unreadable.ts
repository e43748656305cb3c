import type { Logger } from 'pino';
import { UnreadableStream } from '../partition/stream';

/** One ask tells of many streams: one that can't be folded must not stop the others, and nothing can be decided on it anyway. */
export async function unlessUnreadable<Answer>(
  logger: Pick<Logger, 'error'>,
  instead: Answer,
  execute: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await execute();
  } catch (error) {
    if (!(error instanceof UnreadableStream)) throw error;
    logger.error({ err: error }, 'what happened to an unreadable stream is dropped');
    return instead;
  }
}
