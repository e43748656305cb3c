import { windowCase } from './window.case';

/** How many runs are accepted when a hundred clients start one after another. */
export const startsCase = windowCase({
  name: 'starts',
  about:
    'Runs without steps, started by many clients that don’t wait for their end. Counted when the start is answered, that is durable; ' +
    'latency is from the request to that answer, with what was refused for load and tried again.',
  unit: 'run',
  steps: [0],
  inFlight: [100],
  turn: async (engine, order, tally) => {
    while ((await engine.accept(order)) === 'shed') tally.shed += 1;
  },
  done: (_app, turnMs) => ({ units: turnMs.length, latenciesMs: turnMs }),
});
