import { describeAsks } from './ask.contract';
import type { MakeBusWorld } from './bus-world';
import { describeWork } from './work.contract';

/** The one suite both drivers run: whatever a service relies on is in here (habit 4). */
export function describeBusContract(name: string, makeWorld: MakeBusWorld): void {
  describe(`${name}: asks`, () => {
    describeAsks(makeWorld);
  });
  describe(`${name}: work`, () => {
    describeWork(makeWorld);
  });
}
