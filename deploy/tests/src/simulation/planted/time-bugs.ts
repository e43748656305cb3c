import { planted } from './planted-bug';

const AHEAD_MS = 45_000;

/** T1, T2: who decides when has another time than who stamped it, and nobody notices. */
export const earlyTimer = planted('early timer', 'some clocks are ahead of the store’s', () => ({
  clockAheadMs: (role, chance) => (role === 'run-state' || role === 'scheduler' ? chance.between(0, AHEAD_MS) : 0),
}));
