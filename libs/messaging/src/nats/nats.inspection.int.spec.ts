import type { AskHandler } from '../driver/bus-driver';
import { asks, message, NobodyAnswered, works } from '@stepwell/core';
import { useNatsServer } from '@stepwell/testing';
import { connect } from 'nats';
import { aDelivery } from '../testing/bus-world';
import { connectNatsBus } from './nats.bus';
import { inspectNats, type NatsInspection } from './nats.inspection';

describe('NATS, looked at from outside', () => {
  const nats = useNatsServer();
  const limits = { maxBytes: 16 * 1024 * 1024 };
  let inspection: NatsInspection;
  const options = (epoch = 2) => ({
    url: nats.servers,
    user: nats.user,
    pass: nats.pass,
    name: 'doctor',
    epoch,
    limits,
  });
  const states = async () => (await inspection.streams()).map(({ name, state }) => [name, state]);

  beforeEach(async () => {
    inspection = await inspectNats(options());
  });
  afterEach(() => inspection.close());

  it('makes nothing by looking, and all that is planned when told to', async () => {
    expect(inspection.server()).toEqual({ version: expect.stringMatching(/^\d/) as string, hasJetStream: true });
    const names = [
      'STEPWELL_WORK_DELIVER_E2',
      'STEPWELL_WORK_CALLOUT_E2',
      'STEPWELL_WORK_ANNOUNCE_E2',
      'STEPWELL_RUNS',
    ];
    expect(await states()).toEqual(names.map((name) => [name, 'missing']));
    expect(await states()).toEqual(names.map((name) => [name, 'missing']));
    expect(await inspection.newestEpoch()).toBeUndefined();
    await inspection.mendStreams();
    expect(await states()).toEqual(names.map((name) => [name, 'there']));
    expect(await inspection.strayStreams()).toEqual([]);
    expect(await inspection.newestEpoch()).toBe(2);
  });

  it('tells what is not as planned', async () => {
    await inspection.mendStreams();
    const connection = await connect({ servers: nats.servers, user: nats.user, pass: nats.pass });
    const manager = await connection.jetstreamManager();
    const { config } = await manager.streams.info('STEPWELL_WORK_DELIVER_E2');
    await manager.streams.update(config.name, { ...config, max_msgs: 5, max_bytes: 1_000 });
    await manager.consumers.delete('STEPWELL_WORK_CALLOUT_E2', 'http-caller');
    expect(await inspection.streams()).toMatchObject([
      { state: 'different', hasConsumer: true, maxMessages: 5, maxBytes: 1_000, isSmall: true },
      { state: 'there', hasConsumer: false, isSmall: false },
      { state: 'there', hasConsumer: true },
      { state: 'there', hasConsumer: true },
    ]);
    await inspection.mendStreams();
    expect(await inspection.streams()).toMatchObject(
      Array.from({ length: 4 }, () => ({ state: 'there', hasConsumer: true })),
    );
    await connection.close();
  });

  it('tells of streams of another epoch', async () => {
    const older = await connectNatsBus(options(1));
    await older.close();
    expect((await inspection.strayStreams()).sort()).toEqual([
      'STEPWELL_WORK_ANNOUNCE_E1',
      'STEPWELL_WORK_CALLOUT_E1',
      'STEPWELL_WORK_DELIVER_E1',
    ]);
  });

  it('tells whether an effect’s item is queued, until it is acknowledged', async () => {
    const bus = await connectNatsBus({ ...options(), name: 'run-state' });
    expect(await inspection.isQueued('Deliver', 'run-a:1:0')).toBe(false);
    await bus.publishWork(works.Deliver, 'run-a:1:0', aDelivery('run-a:1:0'));
    expect(await inspection.isQueued('Deliver', 'run-a:1:0')).toBe(true);
    expect(await inspection.isQueued('CallOut', 'run-a:1:0')).toBe(false);
    let working = (): void => undefined;
    await bus.consumeWork(works.Deliver, () => new Promise((resolve) => (working = resolve)), {
      maxInFlight: 1,
      maxBufferedBytes: 1_000_000,
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await inspection.isQueued('Deliver', 'run-a:1:0')).toBe(true);
    working();
    for (let tries = 0; await inspection.isQueued('Deliver', 'run-a:1:0'); tries += 1) {
      if (tries === 100) throw new Error('it was never acknowledged');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await bus.close();
  });

  it('asks like any other, and hears when nobody answers', async () => {
    const bus = await connectNatsBus({ ...options(), name: 'run-state' });
    const answer: AskHandler = () => Promise.resolve(message({ status: 'running', faults: [] }));
    await bus.answerAsks('run-state', new Map([['AuditRun', answer]]));
    await bus.serve('run-state', new Set([3]));
    const ask = (partition: number) =>
      inspection.ask(asks.AuditRun, { partition }, message({ runId: 'wfr_1' }), { patienceMs: 500 });
    expect((await ask(3)).head).toEqual({ status: 'running', faults: [] });
    await expect(ask(4)).rejects.toThrow(NobodyAnswered);
    await bus.close();
  });

  it('says in time that there is no server', async () => {
    const gone = { ...options(), url: 'nats://127.0.0.1:9', signal: AbortSignal.timeout(300) };
    await expect(inspectNats(gone)).rejects.toThrow();
  });
});
