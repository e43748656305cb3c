import { Problem, TestClock } from '@stepwell/platform';
import type { PatientAsker } from '../asking/patient-asker';
import type { GatewayConfig } from '../gateway.config';
import { StartGate } from './start.gate';

const A = 'http://a.example/flow';
const B = 'http://b.example/flow';
const never = new AbortController().signal;

describe('StartGate', () => {
  const asker = { pending: 0 };
  const clock = new TestClock();
  const gateOf = (settings: Partial<GatewayConfig> = {}): StartGate => {
    asker.pending = 0;
    const config = { startConcurrency: 4, maxPending: 8, patienceMs: 60_000, ...settings };
    return new StartGate(config as GatewayConfig, asker as PatientAsker, clock);
  };
  /** Work that ends when told. */
  const held = (gate: StartGate, url: string, hangUp = never) => {
    const work = { began: false, end: (): void => undefined, refusal: '' };
    void gate
      .run(
        url,
        () => {
          work.began = true;
          return new Promise<void>((resolve) => (work.end = resolve));
        },
        hangUp,
      )
      .catch((error: unknown) => {
        work.refusal = error instanceof Problem ? error.code : String(error);
      });
    return work;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('lets an endpoint begin at once while another floods, which is refused by itself', async () => {
    const gate = gateOf();
    const flood = Array.from({ length: 10 }, () => held(gate, A));
    const other = held(gate, B);
    await settle();
    expect(flood.map(({ began, refusal }) => refusal || began)).toEqual([
      ...[true, true],
      ...[false, false, false, false],
      ...['OVERLOADED', 'OVERLOADED', 'OVERLOADED', 'OVERLOADED'],
    ]);
    expect(other.began).toBe(true);
    expect(gate.waiting).toBe(4);
    for (const each of flood.slice(0, 2)) each.end();
    await settle();
    expect(flood.slice(2, 4).map(({ began }) => began)).toEqual([true, false]);
  });

  it('gives the place of who waits for an absent owner to the next', async () => {
    const gate = gateOf({ startConcurrency: 1 });
    const first = held(gate, A);
    const next = held(gate, A);
    await settle();
    expect(next.began).toBe(false);
    await clock.advance(500);
    expect(next.began).toBe(true);
    first.end();
    next.end();
  });

  it('gives up with the patience, or with the client', async () => {
    const gate = gateOf({ startConcurrency: 1, patienceMs: 50 });
    const client = new AbortController();
    held(gate, A);
    const patient = held(gate, A);
    const gone = held(gate, A, client.signal);
    client.abort();
    while (patient.refusal === '') await settle();
    expect([patient.refusal, gone.refusal, patient.began]).toEqual(['UNAVAILABLE', 'UNAVAILABLE', false]);
    expect(gate.waiting).toBe(0);
  });

  it('refuses while too many asks of all kinds wait', async () => {
    const gate = gateOf();
    asker.pending = 8;
    await expect(gate.run(A, () => Promise.resolve(), never)).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('passes on what the work throws', async () => {
    await expect(gateOf().run(A, () => Promise.reject(new Error('broken')), never)).rejects.toThrow('broken');
  });
});
