import { interpret } from './interpreter';

/* The reference is held against protocol.md 7.9 by hand. */
describe('the reference interpreter', () => {
  it('counts n + 1 calls of n steps', () => {
    const run = { kind: 'run', value: 1 } as const;
    expect(interpret({ stages: [run, { kind: 'sleep', seconds: 0 }, run], doomed: false })).toEqual({
      state: 'RUN_SUCCESS',
      result: [1, null, 1],
      calls: 4,
      executions: { 0: 1, 2: 1 },
      asked: {},
      order: ['0', '2'],
    });
  });

  it('counts plans, results and callbacks of a group', () => {
    const branches = [
      { kind: 'run', value: 1 },
      { kind: 'call', value: 2, status: 503, retries: 1 },
      { kind: 'wait', value: 3, told: 'never' },
      { kind: 'flaky', value: 4, failures: 2 },
    ] as const;
    expect(interpret({ stages: [{ kind: 'all', branches }], doomed: false })).toEqual({
      state: 'RUN_SUCCESS',
      result: [[1, [503, 2], 'timeout', 4]],
      calls: 1 + 4 + 4 + 1 + 2,
      executions: { '0.0': 1, '0.3': 3 },
      asked: { '0.1': 2 },
      order: [],
    });
  });

  it('counts the attempts and the failure callback of what is doomed', () => {
    expect(interpret({ stages: [{ kind: 'notify', value: 1 }], doomed: true })).toMatchObject({
      state: 'RUN_FAILED',
      calls: 2 + 2 + 1,
      executions: { doomed: 3 },
    });
  });
});
