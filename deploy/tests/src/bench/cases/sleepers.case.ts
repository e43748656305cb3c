import { cpu, processStanding, value } from '../figures';
import { measureSleepers } from '../measurements/sleepers';
import type { BenchCase } from './case';

const MIB = 1024 * 1024;

/** What it takes that many runs sleep. */
export const sleepersCase: BenchCase = {
  name: 'sleepers',
  about:
    'Runs that sleep for a day. Memory is what the processes have more than before; own: without mongod and nats-server. Restart: from ' +
    'when the engine’s processes are started again, having been told to end or killed, until a run goes on that became due meanwhile; ' +
    'ours alone. Processes are shown while all sleep.',
  unit: 'sleeper',
  steps: [1],
  inFlight: [10_000],
  loadText: ({ inFlight }) => `${inFlight.toLocaleString('en')} asleep`,
  figures: [
    value('ownGrownBytes', 'own MiB over idle', 1 / MIB),
    value('SIGTERM', 'restart s', 1 / 1000),
    value('SIGKILL', 'restart s when killed', 1 / 1000),
    value('grownBytes', 'all MiB over idle', 1 / MIB),
    value('acceptedPerSecond', 'runs/s'),
    cpu('sleeper'),
  ],
  processFigures: processStanding,
  cost: { ...value('ownGrownBytes', 'own MiB over idle', 1 / MIB) },
  measure: measureSleepers,
};
