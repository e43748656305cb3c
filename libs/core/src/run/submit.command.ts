import type { SubmitRequest } from '../messages/catalogue';
import type { NewBody } from './decision';

/** One ask's items, all of one run. */
export interface SubmitCommand extends Pick<SubmitRequest, 'runId' | 'askId' | 'items' | 'invoker' | 'successorOf'> {
  /** Bodies of submissions are indexes into these. */
  readonly bodies: readonly NewBody[];
}
