import { type CpuProfile, selfTimesIn } from './self-time';

const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url, lineNumber: 9 } });
const profile: CpuProfile = {
  nodes: [
    node(1, '(idle)'),
    node(2, '(garbage collector)'),
    node(3, 'decide', 'file:///repo/libs/core/dist/run/run.decider.js'),
    node(4, 'evolve', 'file:///repo/libs/core/dist/run/run.evolver.js'),
    node(5, 'send', 'file:///repo/node_modules/a/node_modules/@scope/b/lib/c.js'),
    node(6, 'write', 'node:net'),
  ],
  startTime: 1_000,
  samples: [3, 1, 4, 2, 5, 6, 3],
  timeDeltas: [10, 500, 20, 5, 7, 3, 100],
};

test('time belongs to whose code it was spent in, and idle time to nobody', () => {
  expect(selfTimesIn(profile, 0, Infinity).packages).toEqual([
    { place: 'libs/core', us: 130 },
    { place: '@scope/b', us: 7 },
    { place: '(garbage collector)', us: 5 },
    { place: 'node', us: 3 },
  ]);
});

test('functions are told with where they are', () => {
  expect(selfTimesIn(profile, 0, Infinity).functions.slice(0, 2)).toEqual([
    { place: 'libs/core decide run.decider.js:10', us: 110 },
    { place: 'libs/core evolve run.evolver.js:10', us: 20 },
  ]);
});

test('what was before and after doesn’t count', () => {
  const between = selfTimesIn(profile, 1_011, 1_545).functions.map(({ us }) => us);
  expect(between).toEqual([20, 7, 5, 3]);
});
