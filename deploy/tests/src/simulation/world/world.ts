import type { Chance } from './chance';
import type { Weather } from './faults';
import type { SimulatedProcess } from './simulated-process';
import type { Tally, Trace } from './tally';
import type { VirtualTime } from './virtual-time';

/** What everything that is simulated stands in. */
export interface World {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly tally: Tally;
  readonly trace: Trace;
}

/** One way over the network, in ms: mostly short; in bad weather now and then not. */
export function transit({ chance, weather }: World): number {
  return chance.happens(weather.now.net.slow) ? chance.between(50, 4_000) : chance.between(0.1, 2);
}

/** Carries something to a process; in bad weather it may not arrive, or twice. `bus` says whether it is told which way is meant. */
export function carry(world: World, to: SimulatedProcess, what: string, arrive: () => void): void {
  const { chance, weather, tally, time } = world;
  const { lose, repeat } = weather.now.net;
  if (chance.happens(lose)) {
    tally.count(`net: ${what} lost`);
    return;
  }
  const times = chance.happens(repeat) ? 2 : 1;
  if (times > 1) tally.count(`net: ${what} twice`);
  for (let copy = 0; copy < times; copy += 1) {
    time.after(transit(world), () => {
      to.enter(arrive);
    });
  }
}
