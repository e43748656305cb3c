import { CallerUnderTest } from './testing/caller-under-test';
import { answering, eventually } from './testing/endpoint';

describe('whether a delivery is still wanted (H2)', () => {
  let test: CallerUnderTest;
  afterEach(() => test.stop());

  it('asks first about an old item, and drops what nobody wants', async () => {
    test = await CallerUnderTest.start();
    test.runState.wanted = false;
    const app = await test.endpoint(answering(200));
    const work = test.delivery(app.url, { eventAt: Date.now() - 6_000 });
    await test.deliver(work);
    await eventually(() => test.runState.wantedAsks.length === 1);
    expect(test.runState.wantedAsks[0]).toEqual({ runId: 'wfr_1', messageId: work.head.messageId, attempt: 0 });
    test.runState.wanted = true;
    await eventually(() => test.isAcknowledged(work));
    await eventually(() => app.seen.length === 1);
    // Once more, if it took its time to get there.
    expect(test.runState.wantedAsks.length).toBeGreaterThanOrEqual(2);
  });

  it('asks once more when the body took its time, and lets go of it', async () => {
    test = await CallerUnderTest.start({}, { patienceMs: 10_000 });
    const app = await test.endpoint(answering(200));
    const log = Array.from({ length: 3 }, (_, index) => ({
      messageId: `msg_${index}`,
      callType: 'step' as const,
      body: Buffer.from('{}'),
      isBlob: false,
    }));
    test.runState.runs.set('wfr_1', log);
    test.runState.isAway = true;
    const work = test.delivery(app.url, { segments: [{ entries: { from: 0, to: 2 } }] });
    await test.deliver(work);
    await eventually(() => test.runState.entryAsks.length > 0);
    const asked = test.runState.wantedAsks.length;
    await eventually(() => Date.now() - work.head.eventAt > 600);
    test.runState.wanted = false;
    test.runState.isAway = false;
    await eventually(() => test.runState.wantedAsks.length > asked);
    await eventually(() => test.isAcknowledged(work));
    expect(app.seen).toEqual([]);
    expect(test.runState.deliveries).toEqual([]);
  });
});
