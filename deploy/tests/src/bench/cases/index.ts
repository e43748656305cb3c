import type { BenchCase } from './case';
import { latencyCase } from './latency.case';
import { startsCase } from './starts.case';
import { stepsCase } from './steps.case';

export const CASES: readonly BenchCase[] = [stepsCase, latencyCase, startsCase];
