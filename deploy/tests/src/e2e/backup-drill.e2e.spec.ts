import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceName } from '@stepwell/core';
import { SERVICES } from '@stepwell/core';
import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import type { FaultProxy } from '@stepwell/testing';
import { createFaultProxy, useMongod, useNatsServer } from '@stepwell/testing';
import { connect } from 'nats';
import { ServiceFleet } from './service-fleet';
import { DEV } from './stepwell-under-test';
import { until } from './until';
import { WorkflowApp } from './workflow-app';
import { flaky, large, sequential, sleepingFor } from './workflows';

const CLI = resolve(__dirname, '../../../../services/standalone/dist/main.js');
const run = promisify(execFile);
/** Who only tells isn't needed here; what it would tell is one more thing that NATS knows. */
const ROLES = SERVICES.filter((role) => role !== 'event-notifier');
/** Past by the time that it is restored, most times; early is a failure, late is none. */
const SOON_S = 8;

/*
 * The drill that an operator would do: a backup of a running system, more work after it, everything stopped, the backup restored into an
 * empty database beside the same NATS, which by then holds work of a future that is undone; then all that follows from the log dropped
 * and made anew. (Decisions 6 and 19.)
 */
describe('backup, restore, rebuild', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const nats = useNatsServer({ per: 'describe' });
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-drill-'));
  const backup = join(folder, 'backup');
  const fleets: ServiceFleet[] = [];
  /** Lets requests that are held go. */
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  /** The address that clients know stays the same, whichever gateway is behind it. */
  const gateway = { port: 0 };
  let proxy: FaultProxy;
  let app: WorkflowApp;
  let url: string;
  let databaseName: string;

  const servers = (): Record<string, string> => ({
    STEPWELL_MONGODB_URI: mongod.uri,
    STEPWELL_MONGODB_DATABASE: databaseName,
    STEPWELL_NATS_URL: nats.servers,
    STEPWELL_NATS_USER: nats.user,
    STEPWELL_NATS_PASSWORD: nats.pass,
  });
  /** In one life: restored and rebuilt stores are started by others. */
  const start = async (roles: readonly ServiceName[] = ROLES): Promise<ServiceFleet> => {
    const fleet = new ServiceFleet(mkdtempSync(join(folder, 'fleet-')), {
      ...servers(),
      STEPWELL_GATEWAY_HOST: '127.0.0.1',
      STEPWELL_GATEWAY_PORT: '0',
      STEPWELL_SHUTDOWN_GRACE: '0s',
    });
    fleets.push(fleet);
    const members = roles.map((role) => fleet.add(role));
    await fleet.ready();
    gateway.port = members[roles.indexOf('gateway')]?.httpPort ?? 0;
    return fleet;
  };
  const stepwell = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, [CLI, ...args, '--json'], { env: { ...process.env, ...servers() } });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const workStreams = async (): Promise<Record<string, number>> => {
    const connection = await connect({ servers: nats.servers, user: nats.user, pass: nats.pass });
    const found: Record<string, number> = {};
    for await (const { config, state } of (await connection.jetstreamManager()).streams.list())
      if (config.name.includes('_WORK_')) found[config.name] = state.messages;
    await connection.close();
    return found;
  };

  beforeAll(async () => {
    databaseName = mongod.databaseName;
    proxy = await createFaultProxy(gateway);
    url = `http://127.0.0.1:${proxy.port}`;
    app = new WorkflowApp({ engineUrl: url });
    app.add('sequential', sequential(3));
    app.add('large', large);
    app.add('flaky', flaky);
    app.add('sleeping', sleepingFor);
    app.add('waiting', (context) => context.waitForEvent('paid', `paid-${context.workflowRunId}`, { timeout: '1d' }));
    app.add('held', (context, journal) =>
      context.run('held', async () => {
        journal.notes.set('begun', (Number(journal.notes.get('begun') ?? 0) || 0) + 1);
        await gate;
        return journal.run('held', 'done');
      }),
    );
    await app.start();
  });

  afterAll(async () => {
    open();
    await Promise.all(fleets.map((fleet) => fleet.end()));
    await app.stop();
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('brings back every run that was acknowledged before it, and nothing that came after', async () => {
    const first = await start();
    const ended = [
      await app.trigger('sequential', { label: 'kept' }),
      await app.trigger('large', { input: 400_000 }),
      await app.trigger('flaky', { input: 9, retries: 0 }),
    ];
    const alive = {
      sleeping: await app.trigger('sleeping', { input: SOON_S }),
      waiting: await app.trigger('waiting'),
      retried: await app.trigger('flaky', { input: 1, retries: 2, retryDelay: String(SOON_S * 1_000) }),
      held: await app.trigger('held'),
    };
    await app.allEnded(ended, 60_000);
    await until('the failure function was called', async () => {
      return (await app.log(ended[2] ?? ''))?.failureFunction?.state === 'CALLBACK_SUCCESS';
    });
    // Of these two a slow machine may see the end.
    await until('it sleeps', async () => JSON.stringify(await app.log(alive.sleeping)).includes('SleepFor'));
    await until('it is to be tried again', async () => {
      const isCalled = app.journal(alive.retried).calls > 0;
      return isCalled && (await reasonOf(alive.retried)) !== 'delivery';
    });
    await until('it waits', async () => (await reasonOf(alive.waiting)) === 'event');
    await until('its request is held', () => app.journal(alive.held).notes.has('begun'));
    const before = await answersOf(ended);
    const callsOfEnded = ended.map((runId) => app.journal(runId).calls);

    expect(await stepwell('backup', '--out', backup)).toMatchObject({ epoch: 1, blobParts: 1 });

    // A future that will be undone: one run's wait is over, other runs have ended, and some are with NATS as this is stopped.
    await app.client.notify({ eventId: `paid-${alive.waiting}`, eventData: 'too late for the backup' });
    const after = [await app.trigger('sequential'), await app.trigger('held'), await app.trigger('held')];
    await app.allEnded([alive.waiting, after[0] ?? ''], 60_000);
    await until('the others’ requests are held', () =>
      after.slice(1).every((id) => app.journal(id).notes.has('begun')),
    );
    await first.stop();
    expect((await workStreams())['STEPWELL_WORK_DELIVER_E1']).toBeGreaterThanOrEqual(3);
    const calls = after.map((runId) => app.journal(runId).calls);

    databaseName = `${mongod.databaseName}_restored`;
    const restored = await stepwell('restore', '--from', backup);
    expect(restored).toMatchObject({ epoch: 2, rows: 7, unreadable: [] });
    expect(restored['timers']).toBeGreaterThanOrEqual(1);
    expect(Object.keys(await workStreams()).filter((name) => !name.endsWith('_E2'))).toEqual([]);
    const second = await start();
    open();

    expect(await answersOf(ended)).toEqual(before);
    expect(await reasonOf(alive.waiting)).toBe('event');
    const notified = await app.client.notify({ eventId: `paid-${alive.waiting}`, eventData: 'again' });
    expect(notified).toHaveLength(1);
    const logs = await app.allEnded(Object.values(alive), 60_000);
    expect(logs.map(({ workflowState }) => workflowState)).toEqual(logs.map(() => 'RUN_SUCCESS'));
    expect((await app.log(alive.waiting))?.workflowRunResponse).toContain('again');
    const { sleptMs } = JSON.parse((await app.log(alive.sleeping))?.workflowRunResponse ?? '{}') as { sleptMs: number };
    expect(sleptMs).toBeGreaterThanOrEqual(SOON_S * 1_000);
    // What was done before the backup is not done again; what was done since may be.
    expect(app.journal(alive.sleeping).executions.get('before')).toBe(1);
    expect(ended.map((runId) => app.journal(runId).calls)).toEqual(callsOfEnded);
    // Of what came after the backup nothing is known, and nothing was asked of anybody.
    for (const runId of after) expect(await app.log(runId)).toBeUndefined();
    expect(after.map((runId) => app.journal(runId).calls)).toEqual(calls);

    const everything = [...ended, ...Object.values(alive)];
    const pending = await app.trigger('sleeping', { input: 86_400 });
    await until('it sleeps', async () => (await reasonOf(pending)) === 'sleep');
    const settled = await answersOf([...everything, pending]);
    await second.stop();
    expect(await stepwell('rebuild')).toEqual({ rows: everything.length + 1, timers: 1, unreadable: [] });
    await start(['gateway', 'run-state']);
    expect(await answersOf([...everything, pending])).toEqual(settled);
  }, 240_000);

  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${DEV.token}` } });
    return [answer.status, await answer.text()];
  };

  const reasonOf = async (runId: string): Promise<string | undefined> => {
    const answer = await fetch(`${url}/v1/runs/${runId}/explain`, {
      headers: { authorization: `Bearer ${DEV.token}` },
    });
    return ((await answer.json()) as { reason?: { waitingFor: string } }).reason?.waitingFor;
  };

  /** What the API says of these, in every way it can be asked. */
  const answersOf = async (runIds: readonly string[]): Promise<unknown> => {
    const { runs } = await app.client.logs({ count: 100 });
    return {
      logs: await Promise.all(runIds.map((runId) => app.log(runId))),
      raw: await Promise.all(runIds.map((runId) => get(`/v2/workflows/runs/${runId}`))),
      listed: runs.filter(({ workflowRunId }) => runIds.includes(workflowRunId)),
      labelled: (await app.client.logs({ filter: { label: 'kept' } })).runs,
      deadLetters: await get('/v2/workflows/dlq'),
    };
  };
});
