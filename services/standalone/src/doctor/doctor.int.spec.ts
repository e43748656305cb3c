import { setTimeout as delay } from 'node:timers/promises';
import type { DeliverItem, Message, RunRow, StartSubmission, StepSubmission, Submission } from '@stepwell/core';
import { asks, message, partitionOf, runStream, timerId, works } from '@stepwell/core';
import type { Store } from '@stepwell/event-store';
import { connectMongoStore, ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus } from '@stepwell/messaging';
import { configFrom, createLogger, ServiceProcess, SystemClock } from '@stepwell/platform';
import { runStateService } from '@stepwell/run-state';
import { schedulerService } from '@stepwell/scheduler';
import { useMongod, useNatsServer } from '@stepwell/testing';
import { Doctor } from './doctor';
import { examine } from './doctor.command';
import { DoctorConfig } from './doctor.config';
import type { Finding } from './finding';

/* Doctor on a real mongod and a real nats-server, with run-state and scheduler as they are started, and faults planted beside them. */

const clock = new SystemClock();
const logger = createLogger({ logLevel: 'silent', logFormat: 'json' }, 'doctor');
const GRACE_MS = 300;
const utf8 = new TextEncoder();
const byCheck = (findings: readonly Finding[], check: string): Finding[] =>
  findings.filter((each) => each.check === check);
const statuses = (findings: readonly Finding[]) => [
  ...new Set(findings.map(({ check, status }) => `${check} ${status}`)),
];

describe('doctor', () => {
  const mongod = useMongod(ensureReplicaSetOfOne);
  const nats = useNatsServer();
  const stops: (() => Promise<unknown>)[] = [];
  let store: Store;
  let bus: NatsBus | undefined;

  const servers = () => ({
    mongodbUri: mongod.uri,
    mongodbDatabase: mongod.databaseName,
    natsUrls: [nats.servers],
    natsUser: nats.user,
    natsPassword: nats.pass,
  });
  const quiet = { logLevel: 'silent', metricsHost: '127.0.0.1', metricsPort: 0, shutdownDelayMs: 0 } as const;
  const doctor = (more: Partial<ConstructorParameters<typeof Doctor>[1]> = {}, config: Partial<DoctorConfig> = {}) =>
    new Doctor(configFrom(DoctorConfig, { ...servers(), ...config }), {
      ...{ fix: false, full: true, clock, logger, graceMs: GRACE_MS },
      // Members renew every 2.5 s: what is less than that is waited for in short.
      pause: (ms) => delay(ms > 3_000 ? ms : Math.min(ms, 500)),
      ...more,
    }).examine();

  const startServices = async (): Promise<void> => {
    await store.prepare();
    const runState = new ServiceProcess(
      runStateService,
      configFrom(runStateService.config, { ...servers(), ...quiet, auditEveryMs: 0, auditGraceMs: GRACE_MS }),
    );
    const scheduler = new ServiceProcess(
      schedulerService,
      configFrom(schedulerService.config, { ...servers(), ...quiet }),
    );
    for (const service of [runState, scheduler]) {
      stops.push(() => service.stop({ delayMs: 0 }));
      await service.start();
    }
  };

  beforeEach(() => {
    store = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
  });
  afterEach(async () => {
    await bus?.close();
    bus = undefined;
    for (const stop of stops.splice(0)) await stop();
    await store.close();
  });

  const address = (runId: string) => ({ partition: partitionOf(runStream(runId)) });
  const submit = async (runId: string, items: readonly Submission[]): Promise<void> => {
    bus ??= await connectNatsBus({
      ...{ url: nats.servers, user: nats.user, pass: nats.pass, name: 'client', epoch: 1 },
    });
    const request = message({ runId, askId: `ask-${runId}-${items[0]?.kind}`, items }, [utf8.encode('{"stepId":1}')]);
    await bus.ask(asks.Submit, address(runId), request, { patienceMs: 20_000 });
  };
  const base = (messageId: string) => ({
    ...{ messageId, destination: 'http://app/api', workflowUrl: 'http://app/api', method: 'POST' },
    ...{ forwards: [], features: ['WF_TriggerOnConfig'], body: 0, config: { forwards: [], labels: [] } },
  });
  const start = (runId: string): Promise<void> =>
    submit(runId, [{ ...base(`msg_start.${runId}`), kind: 'start', callerIp: '' } satisfies StartSubmission]);
  const sleep = (runId: string, delayMs: number): Promise<void> =>
    submit(runId, [
      {
        ...base(`msg_sleep.${runId}`),
        kind: 'step',
        delayMs,
        step: { stepId: 1, stepName: 'nap', stepType: 'SleepFor', concurrent: 1 },
      } satisfies StepSubmission,
    ]);
  const sleepTimer = (runId: string): string => timerId(runId, `msg_sleep.${runId}`, 0);
  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await condition()); tries += 1) {
      if (tries === 200) throw new Error(`still not so: ${condition.toString()}`);
      await delay(50);
    }
  };
  const timersDueBy = (beforeMs: number) =>
    store.timers.due(
      Array.from({ length: 64 }, (_, p) => p),
      beforeMs,
      100,
    );

  it('says so when there is no database, or nothing in it', async () => {
    const away = await doctor({}, { mongodbUri: 'mongodb://127.0.0.1:9/?directConnection=true' });
    expect(away).toMatchObject([
      { check: 'mongodb', status: 'fail', text: expect.stringContaining('ECONNREFUSED') as string },
    ]);
    expect(statuses(await doctor())).toEqual(['mongodb ok', 'clock ok', 'layout fail']);
  });

  it('says of a store without services what it can, and of a broker that is away that it is', async () => {
    await store.prepare();
    const found = await doctor({}, { natsUrls: ['nats://127.0.0.1:9'] });
    expect(byCheck(found, 'nats')).toMatchObject([
      { status: 'fail', todo: expect.stringContaining('NATS_URL') as string },
    ]);
    expect(byCheck(found, 'members').map(({ text }) => text)).toEqual([
      'no run-state is running',
      'no scheduler is running',
    ]);
    expect(byCheck(found, 'indexes')).toMatchObject([{ status: 'ok' }]);
    const alone = await doctor({ pause: () => Promise.resolve() }, { natsUrls: [] });
    expect(byCheck(alone, 'nats')).toMatchObject([{ status: 'ok' }]);
    expect(byCheck(alone, 'runs')).toMatchObject([{ status: 'ok', text: 'none of 0 runs is stuck' }]);
  }, 60_000);

  it('finds a working system well', async () => {
    await startServices();
    await start('wfr_a');
    await start('wfr_b');
    await sleep('wfr_b', 60_000);
    await until(async () => (await timersDueBy(clock.nowMs() + 120_000)).length === 1);
    const lines: string[] = [];
    const { mongodbUri, mongodbDatabase } = servers();
    const env = {
      STEPWELL_MONGODB_URI: mongodbUri,
      STEPWELL_MONGODB_DATABASE: mongodbDatabase,
      STEPWELL_NATS_URL: nats.servers,
      STEPWELL_NATS_USER: nats.user,
      STEPWELL_NATS_PASSWORD: nats.pass,
    };
    expect(await examine({ fix: false, full: false, json: false }, env, (line) => lines.push(line))).toBe(0);
    expect(lines.map((line) => line.slice(0, 18).trim())).toEqual([
      ...['ok    mongodb', 'ok    clock', 'ok    layout', 'ok    indexes', 'ok    nats', 'ok    streams'],
      ...['ok    checkpoints', 'ok    rows', 'ok    runs', 'ok    timers', 'ok    members', 'ok    members'],
    ]);
    expect(lines.find((line) => line.includes('streams'))).toContain('4 as planned, 2 items queued or under way');
    expect(lines.find((line) => line.includes('run-state'))).toContain('every partition held');
  }, 60_000);

  it('finds rows that are not as the log says, and makes them anew', async () => {
    await startServices();
    for (const runId of ['wfr_a', 'wfr_b', 'wfr_c', 'wfr_d']) await start(runId);
    const rows = async (): Promise<readonly RunRow[]> => (await store.rows.list({}, { count: 100 })).rows;
    await until(async () => (await rows()).length === 4);
    const right = new Map((await rows()).map((row) => [row.runId, row]));
    const rowOf = (runId: string): RunRow => right.get(runId) as RunRow;
    await store.rows.upsert([
      { ...rowOf('wfr_a'), status: 'failed', completedAt: 5 },
      { ...rowOf('wfr_b'), version: 99 },
      { ...rowOf('wfr_c'), runId: 'wfr_nobody' },
      { ...rowOf('wfr_d'), waitingFor: 'child' },
    ]);
    expect(byCheck(await doctor(), 'rows')).toMatchObject([
      { status: 'fail', text: expect.stringMatching(/^4 rows of 5 runs not as the log says/) as string },
    ]);
    expect((await rows()).find(({ runId }) => runId === 'wfr_a')).toMatchObject({ status: 'failed' });
    expect(byCheck(await doctor({ fix: true }), 'rows')).toMatchObject([{ status: 'ok', mended: true }]);
    expect(new Map((await rows()).map((row) => [row.runId, row]))).toEqual(right);
    expect(byCheck(await doctor(), 'rows')).toMatchObject([{ status: 'ok' }]);
  }, 90_000);

  it('finds orphaned and late timers, and removes those that nobody waits for', async () => {
    await startServices();
    await start('wfr_b');
    await sleep('wfr_b', 60_000);
    await until(async () => (await timersDueBy(clock.nowMs() + 120_000)).length === 1);
    const dueAt = clock.nowMs() + 3_600_000;
    const { partition } = address('wfr_b');
    const orphan = (id: string, ask: object) => ({
      id,
      partition,
      dueAt,
      ask: ask as { eventId: string; messageId: string },
    });
    await store.timers.put([
      orphan('no such run', { runId: 'wfr_nobody', messageId: 'm', attempt: 0 }),
      orphan('no such attempt', { runId: 'wfr_b', messageId: 'msg_sleep.wfr_b', attempt: 3 }),
      orphan('no such waiter', { eventId: 'nothing', messageId: 'm' }),
    ]);
    expect(byCheck(await doctor(), 'timers')).toMatchObject([
      { status: 'warn', text: expect.stringMatching(/^3 timers of 4 timers that nobody waits for/) as string },
    ]);
    expect(byCheck(await doctor({ fix: true }), 'timers')).toMatchObject([{ status: 'ok', mended: true }]);
    expect((await timersDueBy(dueAt + 1)).map(({ id }) => id)).toEqual([sleepTimer('wfr_b')]);
    // A scheduler that is away.
    for (const stop of stops.splice(0)) await stop();
    await store.timers.put([
      { id: sleepTimer('wfr_b'), partition, dueAt: clock.nowMs() - 5_000, ask: (await timersDueBy(dueAt))[0]!.ask },
    ]);
    expect(byCheck(await doctor({ pause: () => Promise.resolve() }), 'timers')[0]).toMatchObject({
      status: 'fail',
      todo: expect.stringContaining('scheduler') as string,
    });
  }, 90_000);

  it('finds runs that are stuck, and has their owners send again what was lost', async () => {
    await startServices();
    await start('wfr_lost');
    // An http-caller that takes its work and dies, having acknowledged it.
    const delivered: string[] = [];
    await bus?.consumeWork(
      works.Deliver,
      (({ head }: Message<DeliverItem>) => {
        delivered.push(head.runId);
        return Promise.resolve();
      }) as never,
      { maxInFlight: 10, maxBufferedBytes: 1_000_000 },
    );
    await until(() => Promise.resolve(delivered.length === 1));
    await start('wfr_b');
    await sleep('wfr_b', 60_000);
    await until(async () => (await timersDueBy(clock.nowMs() + 120_000)).length === 1);
    await store.timers.remove([sleepTimer('wfr_b')]);
    await delay(2 * GRACE_MS);
    const [stuck] = byCheck(await doctor(), 'runs');
    expect(stuck).toMatchObject({ status: 'fail' });
    expect(stuck?.text).toContain('wfr_lost (delivery: work-lost)');
    expect(stuck?.text).toContain('wfr_b (sleep: timer-lost)');
    expect(delivered.filter((runId) => runId === 'wfr_lost')).toHaveLength(1);

    // From here on there is nobody who takes work.
    await bus?.close();
    bus = undefined;
    expect(byCheck(await doctor({ fix: true }), 'runs')).toMatchObject([{ status: 'ok', mended: true }]);
    expect((await timersDueBy(clock.nowMs() + 120_000)).map(({ id }) => id)).toEqual([sleepTimer('wfr_b')]);
    expect(byCheck(await doctor(), 'runs')).toMatchObject([{ status: 'ok' }]);
  }, 90_000);
});
