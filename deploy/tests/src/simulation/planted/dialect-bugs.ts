import { RUNS } from '@stepwell/run-state/testing';
import type { PlantedBug } from './planted-bug';

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** L7, section 12.1: one of the two wrong answers to "which delivery does this submission complete?". */
export const wrongFollowedBy: PlantedBug = {
  name: 'wrong followedBy',
  says: 'a result completes all open deliveries',
  plant: () => {
    const runs: Mutable<typeof RUNS> = RUNS;
    const { evolve } = runs;
    runs.evolve = (before, entry) => {
      const { state, changes } = evolve(before, entry);
      const recorded = entry.events.flatMap((event) => (event.type === 'StepRecorded' ? [event.data.messageId] : []));
      if (recorded.length === 0) return { state, changes };
      const settled = [...changes.settled];
      for (const { messageId, kind, phase, effectId } of [...state.deliveries.values()]) {
        if (kind !== 'step' || phase !== 'sent' || recorded.includes(messageId)) continue;
        state.deliveries.delete(messageId);
        state.owed.delete(effectId);
        settled.push(effectId);
      }
      return { state, changes: { ...changes, settled } };
    };
    return {
      sabotage: {},
      uproot: () => {
        runs.evolve = evolve;
      },
    };
  },
};
