import type { HttpAttempt } from '../outbound/http-attempt';
import { EffectLedger } from './effect.ledger';

const LIMITS = { keptAttempts: 3, keptBytes: 1_000 };
const attempt = (bodyBytes = 0): HttpAttempt => ({
  status: 500,
  headers: [],
  body: new Uint8Array(bodyBytes),
  durationMs: 1,
});

class Deferred<T> {
  resolve: (value: T) => void = () => undefined;
  readonly promise = new Promise<T>((resolve) => (this.resolve = resolve));
}

describe('EffectLedger', () => {
  it('lets the second comer join the first (rule 1)', async () => {
    const ledger = new EffectLedger(LIMITS);
    const request = new Deferred<HttpAttempt>();
    let performed = 0;
    let reported = 0;
    const perform = (): Promise<HttpAttempt> => {
      performed += 1;
      return request.promise;
    };
    const report = (): Promise<void> => {
      reported += 1;
      return Promise.resolve();
    };
    const both = [ledger.run('e', perform, report), ledger.run('e', perform, report)];
    expect(ledger.runningCount).toBe(1);
    request.resolve(attempt());
    await Promise.all(both);
    expect([performed, reported, ledger.runningCount]).toEqual([1, 1, 0]);
  });

  it('reports again instead of performing again when nobody answered (rules 2, 3)', async () => {
    const ledger = new EffectLedger(LIMITS);
    let performed = 0;
    const perform = (): Promise<HttpAttempt> => {
      performed += 1;
      return Promise.resolve(attempt());
    };
    await expect(ledger.run('e', perform, () => Promise.reject(new Error('nobody')))).rejects.toThrow('nobody');
    expect(ledger.unreportedCount).toBe(1);
    await ledger.run('e', perform, () => Promise.resolve());
    expect([performed, ledger.unreportedCount]).toEqual([1, 0]);
    await ledger.run('e', perform, () => Promise.resolve());
    expect(performed).toBe(2);
  });

  it('reports nothing that was dropped', async () => {
    const ledger = new EffectLedger(LIMITS);
    const report = jest.fn(() => Promise.resolve());
    await ledger.run('e', () => Promise.resolve('dropped' as const), report);
    expect(report).not.toHaveBeenCalled();
  });

  it('keeps a bounded number and size of unreported attempts, the newest (rule 4)', async () => {
    const ledger = new EffectLedger(LIMITS);
    const performed: string[] = [];
    const fail = async (effectId: string, bodyBytes: number): Promise<void> => {
      const perform = (): Promise<HttpAttempt> => {
        performed.push(effectId);
        return Promise.resolve(attempt(bodyBytes));
      };
      await ledger.run(effectId, perform, () => Promise.reject(new Error('nobody'))).catch(() => undefined);
    };
    for (const effectId of ['a', 'b', 'c', 'd']) await fail(effectId, 10);
    expect(ledger.unreportedCount).toBe(3);
    await fail('d', 10);
    await fail('a', 10);
    expect(performed).toEqual(['a', 'b', 'c', 'd', 'a']);
    await fail('large', 990);
    expect(ledger.unreportedCount).toBe(2);
  });

  it('is idle when nothing runs', async () => {
    const ledger = new EffectLedger(LIMITS);
    await ledger.idle();
    const request = new Deferred<HttpAttempt>();
    const running = ledger.run(
      'e',
      () => request.promise,
      () => Promise.resolve(),
    );
    let idle = false;
    const idling = ledger.idle().then(() => (idle = true));
    await Promise.resolve();
    expect(idle).toBe(false);
    request.resolve(attempt());
    await Promise.all([running, idling]);
    expect(idle).toBe(true);
  });
});
