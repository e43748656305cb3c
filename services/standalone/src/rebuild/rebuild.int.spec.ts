import { setTimeout as delay } from 'node:timers/promises';
import type { RunRow, StartSubmission, StepSubmission, Submission, TimerRow, WaitSubmission } from '@stepwell/core';
import { asks, mailboxStream, message, partitionOf, PARTITIONS, runStream } from '@stepwell/core';
import type { Store, StoreInspection } from '@stepwell/event-store';
import { connectMongoStore, ensureReplicaSetOfOne, inspectMongoStore } from '@stepwell/event-store';
import { connectNatsBus } from '@stepwell/messaging';
import { configFrom, ServiceProcess, SystemClock } from '@stepwell/platform';
import { runStateService } from '@stepwell/run-state';
import { schedulerService } from '@stepwell/scheduler';
import { useMongod, useNatsServer } from '@stepwell/testing';
import { rebuild, ServicesAreRunning } from './rebuild';

const clock = new SystemClock();
const utf8 = new TextEncoder();
const DAY_MS = 86_400_000;

describe('rebuild', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const nats = useNatsServer({ per: 'describe' });
  let store: Store;
  let inspection: StoreInspection;

  const options = { clock, pause: (ms: number) => delay(ms), progress: () => undefined, silenceMs: 1_000 };
  const servers = () => ({
    ...{ mongodbUri: mongod.uri, mongodbDatabase: mongod.databaseName },
    ...{ natsUrls: [nats.servers], natsUser: nats.user, natsPassword: nats.pass },
  });
  const quiet = { logLevel: 'silent', metricsHost: '127.0.0.1', metricsPort: 0, shutdownDelayMs: 0 } as const;
  const rows = async (): Promise<Map<string, RunRow>> =>
    new Map((await store.rows.list({}, { count: 100 })).rows.map((row) => [row.runId, row]));
  const timers = async (): Promise<TimerRow[]> => {
    const all: TimerRow[] = [];
    for await (const timer of inspection.everyTimer()) all.push(timer);
    return all;
  };
  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await condition()); tries += 1) {
      if (tries === 1_000) throw new Error(`still not so: ${condition.toString()}`);
      await delay(50);
    }
  };

  beforeAll(async () => {
    store = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
    await store.prepare();
    inspection = await inspectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
  });
  afterAll(async () => {
    await inspection.close();
    await store.close();
  });

  const base = (messageId: string) => ({
    ...{ messageId, destination: 'http://app/api', workflowUrl: 'http://app/api', method: 'POST' },
    ...{ forwards: [], features: ['WF_TriggerOnConfig'], body: 0, config: { forwards: [], labels: ['kept'] } },
  });
  const started = (runId: string): StartSubmission => ({
    ...base(`msg_start.${runId}`),
    ...{ kind: 'start', callerIp: '' },
  });
  const sleeping = (runId: string): StepSubmission => ({
    ...base(`msg_sleep.${runId}`),
    ...{ kind: 'step', delayMs: DAY_MS },
    step: { stepId: 1, stepName: 'nap', stepType: 'SleepFor', concurrent: 1 },
  });
  const waiting = (runId: string): WaitSubmission => ({
    ...base(`msg_wait.${runId}`),
    ...{ kind: 'wait', eventId: 'paid', timeoutMs: 2 * DAY_MS },
    step: { stepId: 1, stepName: 'paid', stepType: 'Wait', concurrent: 1 },
  });

  it('makes the same rows and timers of the log as were there, and only while nobody else is at work', async () => {
    const services = [
      new ServiceProcess(runStateService, configFrom(runStateService.config, { ...servers(), ...quiet })),
      new ServiceProcess(schedulerService, configFrom(schedulerService.config, { ...servers(), ...quiet })),
    ];
    for (const service of services) await service.start();
    const bus = await connectNatsBus({
      ...{ url: nats.servers, user: nats.user, pass: nats.pass, name: 'client', epoch: 1 },
    });
    const submit = async (runId: string, item: Submission): Promise<void> => {
      const request = message({ runId, askId: `ask-${runId}-${item.kind}`, items: [item] }, [
        utf8.encode('{"stepId":1}'),
      ]);
      await bus.ask(asks.Submit, { partition: partitionOf(runStream(runId)) }, request, { patienceMs: 60_000 });
    };
    for (const runId of ['wfr_new', 'wfr_sleeping', 'wfr_waiting', 'wfr_cancelled'])
      await submit(runId, started(runId));
    await submit('wfr_sleeping', sleeping('wfr_sleeping'));
    await submit('wfr_waiting', waiting('wfr_waiting'));
    const cancelled = { partition: partitionOf(runStream('wfr_cancelled')) };
    await bus.ask(asks.CancelRun, cancelled, message({ runId: 'wfr_cancelled' }), { patienceMs: 60_000 });
    await until(async () => {
      const reasons = [...(await rows()).values()].map(({ status, waitingFor }) => waitingFor ?? status);
      return reasons.sort().join() === 'cancelled,delivery,event,sleep' && (await timers()).length === 2;
    });
    // From here on the mailbox doesn't owe its waiter's timer any more: it was set.
    const mailbox = mailboxStream('paid');
    await until(async () => {
      for await (const { events } of store.log.readStream(partitionOf(mailbox), mailbox))
        if (events.some(({ type }) => type === 'EffectsSettled')) return true;
      return false;
    });

    await expect(rebuild(inspection, { ...options, silenceMs: 60_000 })).rejects.toThrow(ServicesAreRunning);
    expect([(await rows()).size, (await inspection.layout())?.unfinished]).toEqual([4, undefined]);
    await bus.close();
    for (const service of services) await service.stop({ delayMs: 0 });

    const before = { rows: await rows(), timers: await timers() };
    await store.rows.upsert([{ ...[...before.rows.values()][0]!, runId: 'wfr_nobody' }]);
    await store.timers.put([{ ...before.timers[0]!, id: 'of nobody' }]);
    expect(await rebuild(inspection, options)).toEqual({ rows: 4, timers: 2, unreadable: [] });
    expect({ rows: await rows(), timers: await timers() }).toEqual(before);
    expect(await inspection.missingIndexes()).toEqual([]);
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      expect(await store.rows.completeUpTo(partition)).toBeGreaterThan(0);
  });

  it('goes on when members are there that died, and leaves aside what can not be read', async () => {
    // Whoever is killed says nothing any more: no timer of his goes off.
    const silent = { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), after: () => () => undefined };
    const killed = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock: silent });
    await killed.prepare();
    const membership = killed.membership('run-state', { memberId: 'killed', leaseMs: 60_000 });
    await membership.start();
    const stream = runStream('wfr_damaged');
    const tenure = await store.log.claim(partitionOf(stream), AbortSignal.timeout(20_000));
    const event = { type: 'NeverHeardOf', data: '{}', bodies: [] };
    await tenure.append({ stream, version: 1, previousSum: '', events: [event] }).committed;
    expect(await rebuild(inspection, options)).toMatchObject({ rows: 4, unreadable: [stream] });
    await membership.stop();
    await killed.close();
  });

  it('that was interrupted keeps services from starting, and is done by another', async () => {
    await inspection.beginRebuild();
    const service = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
    await expect(service.prepare()).rejects.toThrow('run `stepwell rebuild` once more');
    expect(await rebuild(inspection, options)).toMatchObject({ rows: 4, timers: 2 });
    await service.close();
    const later = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
    await later.prepare();
    await later.close();
  });
});
