import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import { freePort } from '@stepwell/platform';
import { useOwnMongod, useOwnNatsServer } from '@stepwell/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetMember } from './service-fleet';
import { ServiceFleet } from './service-fleet';
import { until } from './until';
import { WorkflowApp } from './workflow-app';
import { onboarding } from './workflows';

const RUNS_A_WAVE = 100;
const PARTITIONS = 64;
/** A lease of 10 s, a tenth on top, and a machine that has other things to do. */
const TAKE_OVER_MS = 45_000;
const HELD = 'stepwell_partitions_held';

/*
 * Two run-state processes and two http-callers (architecture.md L2, L4, H2). One owner stands still for longer than its lease and
 * comes back believing that it still owns; then the other is killed; a caller is told to leave meanwhile. Whoever answered from what it
 * remembers would repeat a step or lose one.
 */
describe('take-over between processes', () => {
  const mongod = useOwnMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const nats = useOwnNatsServer({ per: 'describe' });
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-fleet-'));
  let fleet: ServiceFleet;
  let app: WorkflowApp;
  let sleeper: FleetMember;
  let victim: FleetMember;
  let leaver: FleetMember;

  beforeAll(async () => {
    const port = await freePort();
    app = new WorkflowApp({ engineUrl: `http://127.0.0.1:${port}` });
    app.add('onboarding', onboarding);
    await app.start();
    fleet = new ServiceFleet(folder, {
      STEPWELL_MONGODB_URI: mongod.uri,
      STEPWELL_MONGODB_DATABASE: mongod.databaseName,
      STEPWELL_NATS_URL: nats.servers,
      STEPWELL_NATS_USER: nats.user,
      STEPWELL_NATS_PASSWORD: nats.pass,
      STEPWELL_GATEWAY_HOST: '127.0.0.1',
      STEPWELL_GATEWAY_PORT: String(port),
    });
    fleet.add('gateway');
    sleeper = fleet.add('run-state');
    victim = fleet.add('run-state');
    fleet.add('scheduler');
    fleet.add('http-caller');
    leaver = fleet.add('http-caller');
    fleet.add('event-notifier');
    await fleet.ready();
  }, 240_000);

  afterAll(async () => {
    sleeper.child.kill('SIGCONT');
    await fleet.end();
    await app.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('loses no run, repeats no completed step, and leaves no partition without an owner', async () => {
    const holds = async (member: FleetMember, count: (held: number) => boolean): Promise<boolean> =>
      count((await member.metric(HELD)) ?? 0);
    await until('both own some, together all', async () => {
      const [one = 0, other = 0] = [await sleeper.metric(HELD), await victim.metric(HELD)];
      return one > 0 && other > 0 && one + other === PARTITIONS;
    });

    const first = await app.triggerMany('onboarding', RUNS_A_WAVE, { retries: 10, retryDelay: '500' });
    const middle = app.totalCalls + RUNS_A_WAVE;
    await until('they are in full swing', () => app.totalCalls >= middle);
    sleeper.child.kill('SIGSTOP');
    await until('the other owns all', () => holds(victim, (held) => held === PARTITIONS), TAKE_OVER_MS);
    sleeper.child.kill('SIGCONT');
    const logs = await app.allEnded(first, 120_000);
    await until('it has its part again', () => holds(sleeper, (held) => held > 0), TAKE_OVER_MS);
    await until('the other has let go of it', () => holds(victim, (held) => held < PARTITIONS), TAKE_OVER_MS);

    const second = await app.triggerMany('onboarding', RUNS_A_WAVE, { retries: 10, retryDelay: '500' });
    const later = app.totalCalls + RUNS_A_WAVE;
    await until('they are in full swing', () => app.totalCalls >= later);
    await victim.end('SIGKILL');
    expect(await leaver.end('SIGTERM')).toBe(0);
    logs.push(...(await app.allEnded(second, 180_000)));

    expect(
      logs.filter(
        (log) =>
          log.workflowState !== 'RUN_SUCCESS' || log.workflowRunResponse !== '"mail:hello,crm:hello,report:hello"',
      ),
    ).toEqual([]);
    expect([...first, ...second].flatMap((runId) => app.journal(runId).repeated)).toEqual([]);
    await until('the survivor owns all', () => holds(sleeper, (held) => held === PARTITIONS), TAKE_OVER_MS);
  }, 480_000);
});
