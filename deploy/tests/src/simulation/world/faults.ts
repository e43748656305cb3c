import type { Chance } from './chance';

/*
 * How bad the world is. Probabilities are per thing that happens (one request, one write, one delivery); the nemesis' are how often it
 * strikes, in ms between two strikes. A scenario draws its own climate, so that some are bad in one way only: what many faults at once
 * would hide, one alone shows.
 */
export interface Climate {
  readonly name: string;
  readonly net: { readonly lose: number; readonly repeat: number; readonly slow: number };
  readonly queue: {
    readonly refuse: number;
    readonly loseAck: number;
    readonly redeliver: number;
    readonly forgetEveryMs: number;
  };
  readonly store: {
    readonly fail: number;
    readonly loseAnswer: number;
    readonly cutShort: number;
    readonly late: number;
    readonly stall: number;
  };
  readonly processes: {
    readonly killEveryMs: number;
    readonly freezeEveryMs: number;
    readonly replaceEveryMs: number;
    /** Only run-state is frozen, and for longer than its lease. */
    readonly zombies: boolean;
  };
  readonly app: {
    readonly fail: number;
    readonly failAfter: number;
    readonly cut: number;
    readonly hang: number;
    readonly slow: number;
    readonly lie: number;
    readonly refuse: number;
    readonly overtake: number;
  };
}

const CALM: Climate = {
  name: 'calm',
  net: { lose: 0, repeat: 0, slow: 0 },
  queue: { refuse: 0, loseAck: 0, redeliver: 0, forgetEveryMs: Infinity },
  store: { fail: 0, loseAnswer: 0, cutShort: 0, late: 0, stall: 0 },
  processes: { killEveryMs: Infinity, freezeEveryMs: Infinity, replaceEveryMs: Infinity, zombies: false },
  app: { fail: 0, failAfter: 0, cut: 0, hang: 0, slow: 0, lie: 0, refuse: 0, overtake: 0 },
};

const BAD: Omit<Climate, 'name'> = {
  net: { lose: 0.02, repeat: 0.03, slow: 0.03 },
  queue: { refuse: 0.03, loseAck: 0.03, redeliver: 0.02, forgetEveryMs: 40_000 },
  store: { fail: 0.01, loseAnswer: 0.01, cutShort: 0.01, late: 0.01, stall: 0.004 },
  processes: { killEveryMs: 15_000, freezeEveryMs: 20_000, replaceEveryMs: 30_000, zombies: false },
  app: {
    fail: 0.05,
    failAfter: 0.03,
    cut: 0.04,
    hang: 0.01,
    slow: 0.05,
    lie: 0.01,
    refuse: 0.003,
    overtake: 0.03,
  },
};

/** Kinds of climate, and how often each is drawn. */
export const CLIMATES = { calm: 1, app: 1, store: 2, net: 1, queue: 2, processes: 3, zombies: 2, bad: 5 } as const;

export type ClimateName = keyof typeof CLIMATES;

export function climateOf(chance: Chance, name: ClimateName = chance.weighted(CLIMATES)): Climate {
  switch (name) {
    case 'calm':
      return CALM;
    case 'app':
      return { ...CALM, name, app: BAD.app };
    case 'store':
      return { ...CALM, name, store: BAD.store, app: BAD.app };
    case 'net':
      return { ...CALM, name, net: BAD.net, app: BAD.app };
    case 'queue':
      return { ...CALM, name, queue: BAD.queue, app: BAD.app };
    case 'processes':
      return { ...CALM, name, processes: BAD.processes, app: BAD.app };
    case 'zombies': {
      const processes = { ...CALM.processes, freezeEveryMs: 5_000, zombies: true };
      return { ...CALM, name, processes, app: BAD.app };
    }
    case 'bad':
      return { name, ...BAD };
  }
}

/** The climate of now; at the end of a scenario the sky clears. */
export class Weather {
  /** No fault happens any more. */
  isClear = false;

  constructor(private readonly climate: Climate) {}

  get now(): Climate {
    return this.isClear ? CALM : this.climate;
  }

  get name(): string {
    return this.climate.name;
  }

  clear(): void {
    this.isClear = true;
  }
}
