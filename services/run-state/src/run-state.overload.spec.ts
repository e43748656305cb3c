import { RunClient } from './testing/run-client';
import { RunStateWorld, until } from './testing/run-state-world';

/* New runs are shed instead of growing (B4), over the whole service, the in-memory twins, in real time. */

describe('run-state under more than it can do', () => {
  let world: RunStateWorld;
  afterEach(() => world.close());

  it('refuses new runs while too much is unsettled, and nothing of those that live', async () => {
    world = await new RunStateWorld({ settings: { maxUnsettled: 5 } }).open();
    const member = await world.member('one');
    await world.settled(member);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    world.onDeliver = () => held;
    const live = Array.from({ length: 5 }, (_, index) => new RunClient(world.client, `wfr_${index}`));
    // Rows that are still to be written are unsettled, too.
    for (const client of live) await until(async () => !('refused' in (await client.start())));
    const late = new RunClient(world.client, 'wfr_late');
    expect(await late.start()).toMatchObject({ refused: 'OVERLOADED' });
    // Asked again, what was accepted is accepted; and it goes on.
    for (const client of live) {
      expect(await client.start()).toMatchObject({ items: [{}] });
      await client.finish();
    }
    letGo();
    await until(() => world.announced.length === 5);
    await until(async () => !('refused' in (await late.start())));
  });

  it('refuses new runs for an endpoint whose deliveries wait, though the runs have ended by the report', async () => {
    world = await new RunStateWorld({ settings: { maxDeliveryWaitMs: 1_000 } }).open();
    await world.settled(await world.member('one'));
    const short = new RunClient(world.client, 'wfr_short');
    await short.start();
    await short.finish();
    let attempts = 0;
    const shed = async (): Promise<boolean> => {
      for (let report = 0; report < 10; report += 1) await short.report('msg_wfr_short', { status: 200 }, 0, 3_000);
      attempts += 1;
      return 'refused' in (await new RunClient(world.client, `wfr_new-${attempts}`).start());
    };
    await until(shed);
    await short.report('msg_wfr_short', { status: 200 }, 0, 10);
    expect(await new RunClient(world.client, 'wfr_after').start()).toMatchObject({ items: [{}] });
  });
});
