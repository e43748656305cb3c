import type { Message, TimerAsk, TimersDueAnswer, TimersDueRequest } from '@stepwell/core';
import { asks, message, PARTITIONS } from '@stepwell/core';
import { connectMongoStore, ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { AskHandler, NatsBus } from '@stepwell/messaging';
import { connectNatsBus } from '@stepwell/messaging';
import { configFrom, ServiceProcess, SystemClock } from '@stepwell/platform';
import { useMongod, useNatsServer } from '@stepwell/testing';
import { SchedulerConfig } from './scheduler.config';
import { schedulerService } from './scheduler.service';
import { aDeadline, aTimer } from './testing/scheduler-world';

/* The service as its `main.ts` starts it, on a real mongod and a real nats-server, beside a run-state that is this test. */

const mongod = useMongod(ensureReplicaSetOfOne);
const nats = useNatsServer();
const clock = new SystemClock();
/** Two processes' reckonings of the primary's time, each with its own round trip: what `notYetMs` is for (T2). */
const CLOCKS_DIFFER_BY_MS = 50;
const HOUR_MS = 60 * 60 * 1000;
const everyPartition = new Set(Array.from({ length: PARTITIONS }, (_, partition) => partition));

test('timers survive the service, and are asked about by its successor when they are due', async () => {
  const store = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
  await store.prepare();
  const runState = await connectNatsBus({
    url: nats.servers,
    user: nats.user,
    pass: nats.pass,
    name: 'run-state',
    epoch: store.epoch,
  });
  const asked: { ask: TimerAsk; atMs: number }[] = [];
  await answerTimers(runState, (ask) => asked.push({ ask, atMs: store.clock.nowMs() }));

  const start = async () => {
    const service = new ServiceProcess(
      schedulerService,
      configFrom(SchedulerConfig, {
        logLevel: 'silent',
        metricsHost: '127.0.0.1',
        metricsPort: 0,
        shutdownDelayMs: 0,
        natsUrls: [nats.servers],
        natsUser: nats.user,
        natsPassword: nats.pass,
        mongodbUri: mongod.uri,
        mongodbDatabase: mongod.databaseName,
      }),
    );
    await service.start();
    return service;
  };

  const first = await start();
  const soon = aTimer('soon', store.clock.nowMs() + 300, 7);
  const later = aDeadline('later', store.clock.nowMs() + HOUR_MS, 41);
  for (const timer of [soon, later]) {
    await runState.ask(asks.SetTimers, { partition: timer.partition }, message({ timers: [timer] }));
  }
  expect(await (await fetch(`http://127.0.0.1:${first.probePort ?? 0}/health/ready`)).json()).toMatchObject({
    status: 'ready',
    checks: { bus: { ok: true }, mongodb: { ok: true }, timers: { ok: true } },
  });
  await until(async () => (await store.timers.count([...everyPartition])) === 1);
  await first.stop();
  expect(asked.map(({ ask }) => ask)).toEqual([soon.ask]);

  // The hour passes: however long the one took to go and the other takes to come, only the other can ask about it.
  expect(await store.timers.due([later.partition], Infinity, 2)).toEqual([later]);
  const dueAt = store.clock.nowMs() + 1_500;
  await store.timers.put([{ ...later, dueAt }]);
  const second = await start();
  await until(async () => (await store.timers.count([...everyPartition])) === 0);
  await second.stop();
  expect(asked.map(({ ask }) => ask)).toEqual([soon.ask, later.ask]);
  expect(asked[0]?.atMs).toBeGreaterThanOrEqual(soon.dueAt - CLOCKS_DIFFER_BY_MS);
  expect(asked[1]?.atMs).toBeGreaterThanOrEqual(dueAt - CLOCKS_DIFFER_BY_MS);

  await runState.close();
  await store.close();
});

async function answerTimers(bus: NatsBus, note: (ask: TimerAsk) => void): Promise<void> {
  const answer = ({ head }: Message<TimersDueRequest>): Promise<Message<TimersDueAnswer>> => {
    head.timers.forEach(note);
    return Promise.resolve(message({ results: head.timers.map(() => ({ done: true as const })) }));
  };
  await bus.answerAsks('run-state', new Map([['TimersDue', answer as AskHandler]]));
  await bus.serve('run-state', everyPartition);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
