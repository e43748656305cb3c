import { wrongFollowedBy } from './dialect-bugs';
import { answerBeforeCommit, earlyAlreadySo, lostHole, noFence, zombiesRefusal } from './log-bugs';
import type { PlantedBug } from './planted-bug';
import { droppedWaiter, resentOldEvent, settledByPubAck } from './relay-bugs';
import { earlyTimer } from './time-bugs';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  answerBeforeCommit,
  noFence,
  zombiesRefusal,
  earlyAlreadySo,
  lostHole,
  resentOldEvent,
  earlyTimer,
  droppedWaiter,
  wrongFollowedBy,
  settledByPubAck,
];
