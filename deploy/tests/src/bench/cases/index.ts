import type { BenchCase } from './case';
import { dueCase } from './due.case';
import { fanOutCase } from './fan-out.case';
import { idleCase } from './idle.case';
import { inFlightCase } from './in-flight.case';
import { latencyCase } from './latency.case';
import { longCase } from './long.case';
import { payloadCase } from './payload.case';
import { sleepCase } from './sleep.case';
import { sleepersCase } from './sleepers.case';
import { startsCase } from './starts.case';
import { stepsCase } from './steps.case';

export const CASES: readonly BenchCase[] = [
  stepsCase,
  latencyCase,
  startsCase,
  fanOutCase,
  longCase,
  payloadCase,
  inFlightCase,
  sleepCase,
  dueCase,
  sleepersCase,
  idleCase,
];
