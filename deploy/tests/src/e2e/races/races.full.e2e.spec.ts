import { TOPOLOGIES } from '../stepwell-under-test';
import { describeRaces } from './describe-races';

for (const topology of TOPOLOGIES)
  describeRaces({ topology, howOften: { times: 1_000 }, joins: { times: 1_000 }, limitMs: 1_800_000 });
