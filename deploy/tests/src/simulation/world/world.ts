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

/** One connection: what a process says stays in order on its way to the broker. */
export function toBroker(world: World, from: SimulatedProcess, arrive: () => void): void {
  const { time } = world;
  from.heardUntilMs = Math.max(time.nowMs + transit(world), from.heardUntilMs);
  time.at(from.heardUntilMs, arrive);
}

/**
 * Carries something from one process to another; in bad weather it may be lost, or come twice. By the bus's rules what one sends to the
 * other stays in order (NATS keeps it per connection); what a third one sends may overtake.
 */
export function carry(
  world: World,
  from: SimulatedProcess,
  to: SimulatedProcess,
  what: 'asks' | 'answers',
  arrive: () => void,
): void {
  const { chance, weather, tally, time } = world;
  const { lose, repeat } = weather.now.net;
  if (chance.happens(lose)) {
    tally.count(`net: ${what} lost`);
    return;
  }
  const copies = chance.happens(repeat) ? 2 : 1;
  if (copies > 1) tally.count(`net: ${what} twice`);
  for (let copy = 0; copy < copies; copy += 1) {
    const arrivesMs = Math.max(time.nowMs + transit(world), from.arrivals.get(to) ?? 0);
    from.arrivals.set(to, arrivesMs);
    time.at(arrivesMs, () => {
      to.hear(arrive);
    });
  }
}
