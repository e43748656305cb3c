import { PartitionLost } from '@stepwell/core';
import { TestClock } from '@stepwell/platform';
import type { AnswerKind } from './answer.release';
import { release } from './answer.release';

const LEASE_MS = 10_000;
const KINDS: readonly AnswerKind[] = ['committed', 'already-so', 'refused', 'read'];
const WITHOUT_WRITE = KINDS.filter((kind) => kind !== 'committed');

/** A process whose insert is under way, and whose lease was renewed at time 0. */
function process() {
  const clock = new TestClock();
  const lost = new AbortController();
  let commit = (): void => undefined;
  let fail: (error: Error) => void = () => undefined;
  const grounds = {
    commit: new Promise<void>((resolve, reject) => {
      commit = resolve;
      fail = reject;
    }),
    tenure: { partition: 3, lost: lost.signal },
    membership: { leaseIsValid: () => clock.monotonicMs() < LEASE_MS },
  };
  return {
    clock,
    lost,
    commit: () => {
      commit();
    },
    fail: (error: Error) => {
      fail(error);
    },
    grounds,
  };
}

async function outcome(answer: Promise<unknown>): Promise<unknown> {
  return answer.catch((error: unknown) => (error instanceof Error ? error.name : error));
}

describe('when an answer may be given (L2, L4)', () => {
  it.each(KINDS)('%s: not before the commit', async (kind) => {
    const { clock, commit, grounds } = process();
    let answered = false;
    const answer = release('answer', kind, grounds).finally(() => {
      answered = true;
    });
    await clock.advance(LEASE_MS / 2);
    expect(answered).toBe(false);
    commit();
    expect(await answer).toBe('answer');
  });

  it.each(KINDS)('%s: a lost commit is silence, never an answer', async (kind) => {
    for (const reason of ['fenced', 'unknown-outcome', 'released', 'not-owned'] as const) {
      const { fail, grounds } = process();
      const answer = outcome(release('answer', kind, grounds));
      fail(new PartitionLost(3, reason));
      expect(await answer).toBe('Silence');
    }
  });

  it.each(KINDS)('%s: a fault is passed on as the fault it is', async (kind) => {
    const { fail, grounds } = process();
    const answer = outcome(release('answer', kind, grounds));
    fail(new TypeError('a fault'));
    expect(await answer).toBe('TypeError');
  });

  it('committed: rests on the document alone, however long the process stood still', async () => {
    const { clock, commit, lost, grounds } = process();
    const answer = release('answer', 'committed', grounds);
    await clock.advance(2 * LEASE_MS);
    commit();
    lost.abort();
    expect(await answer).toBe('answer');
  });

  it.each(WITHOUT_WRITE)('%s: silence when the process stood still for twice the lease', async (kind) => {
    const { clock, commit, grounds } = process();
    const answer = outcome(release('answer', kind, grounds));
    await clock.advance(2 * LEASE_MS);
    commit();
    expect(await answer).toBe('Silence');
  });

  it.each(WITHOUT_WRITE)('%s: the lease counts when the answer leaves, not when it was asked for', async (kind) => {
    const { clock, commit, grounds } = process();
    await clock.advance(LEASE_MS - 1);
    const early = outcome(release('answer', kind, { ...grounds, commit: Promise.resolve() }));
    expect(await early).toBe('answer');
    const late = outcome(release('answer', kind, grounds));
    await clock.advance(1);
    commit();
    expect(await late).toBe('Silence');
  });

  describe('where two streams take part', () => {
    const BOTH: readonly AnswerKind[] = ['committed', 'already-so'];
    const toTell = () => {
      let tell = (): void => undefined;
      let fail: (error: Error) => void = () => undefined;
      let begun = false;
      const other = new Promise<void>((resolve, reject) => {
        tell = resolve;
        fail = reject;
      });
      const told = (): Promise<void> => {
        begun = true;
        return other;
      };
      return {
        told,
        tell: () => {
          tell();
        },
        fail: (error: Error) => {
          fail(error);
        },
        hasBegun: () => begun,
      };
    };

    it.each(BOTH)('%s: not before the other has it, and that is not asked before the commit', async (kind) => {
      const { clock, commit, grounds } = process();
      const { told, tell, hasBegun } = toTell();
      let answered = false;
      const answer = release('answer', kind, { ...grounds, told }).finally(() => {
        answered = true;
      });
      await clock.advance(1);
      expect(hasBegun()).toBe(false);
      commit();
      await clock.advance(1);
      expect([hasBegun(), answered]).toEqual([true, false]);
      tell();
      expect(await answer).toBe('answer');
    });

    it.each(BOTH)('%s: silence when the tenure ends before the other has it', async (kind) => {
      const { commit, grounds } = process();
      const { told, fail } = toTell();
      const answer = outcome(release('answer', kind, { ...grounds, told }));
      commit();
      fail(new PartitionLost(3, 'released'));
      expect(await answer).toBe('Silence');
    });

    it('already-so: the lease counts when both have it', async () => {
      const { clock, commit, grounds } = process();
      const { told, tell } = toTell();
      const answer = outcome(release('answer', 'already-so', { ...grounds, told }));
      commit();
      await clock.advance(2 * LEASE_MS);
      tell();
      expect(await answer).toBe('Silence');
    });
  });

  it.each(WITHOUT_WRITE)('%s: silence when the partition was given up, lease or not', async (kind) => {
    const { commit, lost, grounds } = process();
    const answer = outcome(release('answer', kind, grounds));
    lost.abort();
    commit();
    expect(await answer).toBe('Silence');
  });
});
