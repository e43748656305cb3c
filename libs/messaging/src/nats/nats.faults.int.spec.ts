import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asks, message, MESSAGE_SCHEMA_VERSION, works } from '@stepwell/core';
import { useOwnNatsServer } from '@stepwell/testing';
import type { BusLog } from '../driver/bus-driver';
import { DEFAULT_INTAKE } from '../driver/bus-driver';
import { aDelivery, until } from '../testing';
import { connectNatsBus, type NatsBus } from './nats.bus';
import { JetStreamApi } from './jetstream.api';
import { NatsLink } from './nats.link';
import type { NatsBusOptions } from './nats.options';
import { EpochIsOver } from './stream-maker';

/** A NATS that dies, forgets, comes back (architecture.md E3), with the real server. */
describe('a nats-server of its own', () => {
  const nats = useOwnNatsServer({ per: 'test' });
  const open = new Set<NatsBus>();

  const connect = async (name: string, others: Partial<NatsBusOptions> = {}): Promise<NatsBus> => {
    const { servers: url, user, pass } = nats;
    const limits = { ackWaitMs: 600, maxBytes: 64 * 1024 * 1024 };
    const bus = await connectNatsBus({ url, user, pass, name, epoch: 1, limits, ...others });
    open.add(bus);
    return bus;
  };
  afterEach(async () => {
    await Promise.all([...open].map((bus) => bus.abandon()));
    open.clear();
  });

  const publish = (bus: NatsBus, effectId: string) => bus.publishWork(works.Deliver, effectId, aDelivery(effectId));
  const publishUntilQueued = async (bus: NatsBus, effectId: string): Promise<void> => {
    let isQueued = false;
    while (!isQueued) {
      isQueued = await publish(bus, effectId).then(
        () => true,
        () => new Promise<boolean>((resolve) => setTimeout(resolve, 20, false)),
      );
    }
  };
  const work = async (bus: NatsBus): Promise<string[]> => {
    const seen: string[] = [];
    const note = (_: unknown, { effectId }: { effectId: string }): Promise<void> => {
      seen.push(effectId);
      return Promise.resolve();
    };
    await bus.consumeWork(works.Deliver, note, DEFAULT_INTAKE);
    return seen;
  };
  const losses = (bus: NatsBus): { count: number } => {
    const told = { count: 0 };
    bus.onWorkForgotten(() => (told.count += 1));
    return told;
  };

  test('killed and restarted on its data: work and asks go on, and everybody is told', async () => {
    const runState = await connect('run-state');
    const told = losses(runState);
    await runState.answerAsks(
      'run-state',
      new Map([['StillWanted', () => Promise.resolve(message({ wanted: true }))]]),
    );
    await runState.serve('run-state', new Set([1]));
    await publish(runState, 'before');
    const caller = await connect('caller');
    await nats.restart({ signal: 'SIGKILL' });
    const answer = await caller.ask(
      asks.StillWanted,
      { partition: 1 },
      message({ runId: 'x', messageId: 'y', attempt: 0 }),
    );
    expect(answer.head).toEqual({ wanted: true });
    const seen = await work(caller);
    await publishUntilQueued(runState, 'after');
    await until(() => seen.length >= 2);
    expect(new Set(seen)).toEqual(new Set(['before', 'after']));
    await until(() => told.count > 0);
    expect(runState.isConnected()).toBe(true);
  });

  test('a worker that was pulling goes on after a restart', async () => {
    const bus = await connect('caller');
    const seen = await work(bus);
    await publish(bus, 'before');
    await until(() => seen.length === 1);
    await nats.restart({ signal: 'SIGKILL' });
    await publishUntilQueued(bus, 'after');
    await until(() => seen.includes('after'));
  });

  test('an item whose handler ends while there is no server comes again', async () => {
    const bus = await connect('caller');
    const counts: number[] = [];
    let end = (): void => undefined;
    const handler = (_: unknown, { deliveryCount }: { deliveryCount: number }): Promise<void> => {
      counts.push(deliveryCount);
      return new Promise((resolve) => (end = resolve));
    };
    await bus.consumeWork(works.Deliver, handler, DEFAULT_INTAKE);
    await publish(bus, 'e:1');
    await until(() => counts.length === 1);
    nats.server.kill('SIGKILL');
    await nats.server.exited;
    await until(() => !bus.isConnected());
    await expect(publish(bus, 'e:2')).rejects.toThrow('was not queued');
    end();
    await nats.restart();
    await until(() => counts.length === 2);
    end();
  });

  test('its data is gone: the streams are made again, and whoever owes work is told', async () => {
    const bus = await connect('run-state');
    const told = losses(bus);
    const seen = await work(await connect('caller'));
    await publish(bus, 'e:1');
    await until(() => seen.length === 1);
    nats.server.kill('SIGKILL');
    await nats.server.exited;
    await rm(join(dirname(nats.server.logFile), 'jetstream'), { recursive: true });
    await nats.restart();
    await until(() => told.count > 0);
    await publishUntilQueued(bus, 'e:2');
    await until(() => seen.length === 2);
  });

  test('a stream is deleted by hand: made again, whoever owes work is told, work goes on', async () => {
    const bus = await connect('run-state');
    const told = losses(bus);
    const seen = await work(await connect('caller'));
    await publish(bus, 'e:1');
    await until(() => seen.length === 1);
    const link = await NatsLink.open({ url: nats.servers, user: nats.user, pass: nats.pass, name: 'hand' });
    await new JetStreamApi(link).deleteStream('STEPWELL_WORK_DELIVER_E1');
    await link.close();
    await publishUntilQueued(bus, 'e:2');
    await until(() => seen.length === 2);
    await until(() => told.count === 1);
  });

  test('no server at start: waits, says so, and goes on when there is one', async () => {
    const url = nats.servers;
    nats.server.kill('SIGKILL');
    await nats.server.exited;
    const said: string[] = [];
    const note = (_: object, text: string): void => {
      said.push(text);
    };
    const log: BusLog = { info: note, warn: note, error: note };
    const connecting = connect('early', { url, log });
    await until(() => said.includes('waiting for NATS'));
    await nats.restart();
    expect((await connecting).isConnected()).toBe(true);
    expect(said).toContain('connected to NATS');
  });

  test('waiting for a server ends when told so, and a wrong password is an error at once', async () => {
    const stop = new AbortController();
    const connecting = connect('early', { url: 'nats://127.0.0.1:1', signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow();
    await expect(connect('intruder', { pass: 'wrong' })).rejects.toThrow('Authorization Violation');
  });

  test('five processes at once make the same streams, and again find them made', async () => {
    const buses = await Promise.all(Array.from({ length: 5 }, (_, i) => connect(`process-${String(i)}`)));
    await Promise.all(buses.map((bus) => bus.ensureStreams()));
    const seen = await work(await connect('caller'));
    await Promise.all(buses.map((bus, i) => publish(bus, `e:${String(i)}`)));
    await until(() => seen.length === 5);
  });

  test('a newer epoch ends the older one, and its items (E2)', async () => {
    const old = await connect('old');
    await publish(old, 'e:1');
    const restored = await connect('restored', { epoch: 2 });
    expect(await publish(restored, 'e:1')).toBe('queued');
    await expect(connect('late', { epoch: 1 })).rejects.toThrow(EpochIsOver);
    await expect(publish(old, 'e:2')).rejects.toThrow('not STEPWELL_WORK_DELIVER_E1');
  });

  test('what only a newer program understands stays in the queue, and is not answered; the rest goes on', async () => {
    const schema = MESSAGE_SCHEMA_VERSION + 1;
    const bus = await connect('caller');
    const seen = await work(bus);
    const asked: string[] = [];
    await bus.answerAsks(
      'run-state',
      new Map([
        [
          'StillWanted',
          (_, { name }) => {
            asked.push(name);
            return Promise.resolve(message({ wanted: true }));
          },
        ],
      ]),
    );
    const newer = { ...works.Deliver, schema };
    expect(await bus.publishWork(newer, 'newer', aDelivery('newer'))).toBe('queued');
    expect(await publish(bus, 'of today')).toBe('queued');
    await until(() => seen.includes('of today'));
    const question = message({ runId: 'x', messageId: 'y', attempt: 0 });
    const patience = { tryMs: 200, patienceMs: 1_000 };
    await expect(bus.ask({ ...asks.StillWanted, schema }, 'any', question, patience)).rejects.toThrow(
      'nobody answered',
    );
    expect(asked).toEqual([]);
    expect((await bus.ask(asks.StillWanted, 'any', question)).head).toEqual({ wanted: true });
    expect(seen).toEqual(['of today']);
    expect(await bus.publishWork(newer, 'newer', aDelivery('newer'))).toBe('already-queued');
  });

  test('an item larger than a NATS message is refused, not lost', async () => {
    const bus = await connect('run-state');
    const item = { ...aDelivery('e:1'), bodies: [new Uint8Array(1024 * 1024)] };
    await expect(bus.publishWork(works.Deliver, 'e:1', item)).rejects.toThrow('NATS takes');
    expect(bus.isConnected()).toBe(true);
  });
});
