import type { Bus, Message, RunRow } from '@stepwell/core';
import { message, runStream, Silence } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import type { Logger } from 'pino';
import type { BodyReader } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { runKey } from '../aggregates';
import { Stream } from '../partition/stream';
import type { ItemBuilder } from './item.builder';
import type { LogCopier } from './log.copier';
import { IncompleteState } from './for-good';
import { Relay } from './relay';
import type { RowWriter } from './row.writer';
import { Settlement } from './settlement';

const STREAM = runStream('wfr_1');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the relay (E1-E3)', () => {
  const setUp = () => {
    const scenario = new RunScenario('wfr_1');
    scenario.start();
    const stream = new Stream(runKey('wfr_1'));
    for (const { version, at, events } of scenario.history) stream.evolve(version, at, events);
    stream.row = stream.rowNow(1);
    const owed = [...(stream.state?.owed.keys() ?? [])];
    const lost = new AbortController();
    const settlement = new Settlement(0);
    for (const effectId of owed) settlement.note(effectId, 1);
    const tenure = { partition: 1, lost: lost.signal, nowMs: () => 1 };
    const host = { tenure, settlement, stream: () => Promise.resolve(stream) } as unknown as PartitionHost;

    const published: string[] = [];
    const rows: RunRow[] = [];
    const said: string[] = [];
    const pauses: number[] = [];
    const broker = { failures: 0 };
    const items = { step: (): Message<object> => message({}) };
    const note =
      (level: string) =>
      (_details: object, text: string): void => {
        said.push(`${level}: ${text}`);
      };
    const relay = new Relay({
      bus: {
        publishWork: (_definition: unknown, effectId: string) => {
          broker.failures -= 1;
          if (broker.failures >= 0) return Promise.reject(new Error('no broker'));
          published.push(effectId);
          return Promise.resolve('queued' as const);
        },
      } as unknown as Bus,
      items: items as unknown as ItemBuilder,
      rows: { write: (row: RunRow) => rows.push(row) } as unknown as RowWriter,
      bodies: {} as BodyReader,
      copier: {} as LogCopier,
      results: { of: () => Promise.resolve(undefined) } as never,
      logger: { warn: note('warn'), debug: note('debug'), error: note('error') } as unknown as Logger,
      pause: async (ms) => {
        pauses.push(ms);
        await turn();
      },
    });
    return { scenario, stream, owed, lost, host, published, rows, said, pauses, broker, items, relay };
  };

  it('sends a delivery in the turn of its commit, and the row as it was committed', () => {
    const { stream, owed, host, published, rows, relay, scenario } = setUp();
    scenario.finish();
    const [, ahead] = scenario.history;
    if (ahead) stream.evolve(ahead.version, ahead.at, ahead.events);
    void relay.send(host, stream, owed);
    expect(rows).toMatchObject([{ status: 'running', version: 1 }]);
    // The end that isn't committed yet has closed the delivery: it is not owed now, and if the end is lost, the successor sends it.
    expect(published).toEqual([]);
  });

  it('publishes at once what is owed', () => {
    const { stream, owed, host, published, relay } = setUp();
    void relay.send(host, stream, owed);
    expect(published).toEqual([`${STREAM}:1:1`]);
    expect(host.settlement.unsettledCount).toBe(2);
  });

  it('tries again until the broker has it, complaining once', async () => {
    const { stream, owed, host, published, said, pauses, broker, relay } = setUp();
    broker.failures = 3;
    await relay.send(host, stream, owed);
    while (published.length === 0) await turn();
    expect(pauses).toEqual([50, 100, 200]);
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('ends with the tenure', async () => {
    const { stream, owed, host, published, lost, broker, relay } = setUp();
    broker.failures = 2;
    await relay.send(host, stream, owed);
    lost.abort();
    for (let i = 0; i < 5; i += 1) await turn();
    expect(published).toEqual([]);
  });

  it('does not try for ever what can not be built', async () => {
    const { stream, owed, host, said, pauses, items, relay } = setUp();
    items.step = () => {
      throw new IncompleteState('nothing there');
    };
    await relay.send(host, stream, owed);
    await turn();
    expect([said, pauses]).toEqual([['error: an effect can not be sent'], []]);
    expect(host.settlement.unsettledCount).toBe(2);
  });

  it('sends everything of the others again, though one partition is being lost (E3)', async () => {
    const { host, published, relay } = setUp();
    const losing = new AbortController();
    const lostHost = {
      settlement: host.settlement,
      tenure: { partition: 1, lost: losing.signal, nowMs: () => 1 },
      stream: () => Promise.reject(new Silence('lost')),
    };
    void relay.sendEverythingAgain([lostHost as unknown as PartitionHost, host]);
    await turn();
    expect(published).toEqual([`${STREAM}:1:1`]);
    losing.abort();
  });
});
