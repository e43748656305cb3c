import type { AuditRunAnswer, Message, Refused } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { resumed, RunScenario } from '@stepwell/core/testing';
import { runKey } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import { Stream } from '../partition/stream';
import { RunAudit } from './run.audit';

/* What one run's audit asks of others, and what it sends: each by itself. The whole service is in run-state.audit.spec.ts. */

const GRACE_MS = 1_000;
const ROW = { runId: 'wfr_1', waitingFor: 'delivery', status: 'running' } as const;

describe('the audit of a run that waits for another', () => {
  const setUp = (scenario: RunScenario, other: AuditRunAnswer | Refused) => {
    const stream = new Stream(runKey(scenario.runId));
    for (const { version, at, events } of scenario.history) stream.evolve(version, at, events);
    const asked: unknown[] = [];
    const sent: string[] = [];
    const faults: unknown[] = [];
    const host = {
      tenure: { partition: 7, nowMs: () => scenario.at },
      glance: () => Promise.resolve(stream),
      stream: () => Promise.resolve(stream),
    } as unknown as PartitionHost;
    const audit = new RunAudit({
      bus: {
        ask: <Request, Answer>(definition: { name: string }, _address: unknown, { head }: Message<Request>) => {
          asked.push([definition.name, head]);
          return Promise.resolve(message(other) as Message<Answer>);
        },
      },
      relay: {
        send: (_host, _stream, effectIds) => {
          sent.push(...effectIds);
          return Promise.resolve();
        },
        queueAgain: () => Promise.resolve('already-queued'),
      },
      rows: { write: () => undefined },
      logger: { warn: () => undefined },
      graceMs: GRACE_MS,
      onFault: (...fault) => faults.push(fault),
    });
    const walk = () => audit.audit(host, scenario.runId, { ...ROW, runId: scenario.runId } as never);
    return { host, audit, walk, asked, sent, faults, stream };
  };
  const parent = (): RunScenario => {
    const scenario = new RunScenario();
    scenario.start();
    scenario.invoke(1, {}, 'wfr_child');
    scenario.at += GRACE_MS + 1;
    return scenario;
  };
  const startChild = 'run-wfr_1:2:0';
  const UNKNOWN = { refused: 'UNKNOWN_RUN' } as const;

  it('asks nobody within the grace', async () => {
    const scenario = parent();
    scenario.at -= 1;
    const { walk, asked } = setUp(scenario, UNKNOWN);
    expect(await walk()).toEqual({ status: 'running', faults: [] });
    expect(asked).toEqual([]);
  });

  it('starts a child again that nobody knows', async () => {
    const { walk, asked, sent, faults } = setUp(parent(), UNKNOWN);
    expect(await walk()).toMatchObject({ faults: ['lost'] });
    expect(asked).toEqual([[asks.AuditRun.name, { runId: 'wfr_child' }]]);
    expect(sent).toEqual([startChild]);
    expect(faults).toEqual([['lost', 'child']]);
  });

  it('is content with a child that runs, or has only just ended', async () => {
    const scenario = parent();
    for (const other of [
      { status: 'running', faults: ['lost'] },
      { status: 'failed', completedAt: scenario.at - GRACE_MS, faults: [] },
    ] as const) {
      const { walk, sent, faults } = setUp(scenario, other);
      expect(await walk()).toMatchObject({ faults: [] });
      expect([sent, faults]).toEqual([[], []]);
    }
  });

  it('is not with one that ended long ago', async () => {
    const scenario = parent();
    const ended = { status: 'succeeded', completedAt: scenario.at - GRACE_MS - 1, faults: [] } as const;
    const { walk, faults } = setUp(scenario, ended);
    expect(await walk()).toMatchObject({ faults: ['lost'] });
    expect(faults).toEqual([['lost', 'child']]);
  });

  it('asks nobody when it is itself asked for by another’s audit', async () => {
    const { host, audit, asked } = setUp(parent(), UNKNOWN);
    expect(await audit.audit(host, 'wfr_1')).toMatchObject({ faults: [] });
    expect(asked).toEqual([]);
  });

  it('asks the run whose log is being copied', async () => {
    const failed = new RunScenario();
    failed.start();
    failed.report('msg_1', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    failed.takeOver('resume', {}, { successor: 'wfr_2' });
    const whole = resumed(failed);
    const copy = new RunScenario('wfr_2', failed.at);
    copy.copyPart(0, 'wfr_1', whole.history[0]?.events.slice(0, 1) ?? []);
    copy.at += GRACE_MS + 1;
    const { walk, asked, sent, faults } = setUp(copy, { status: 'failed', completedAt: 1, faults: [] });
    expect(await walk()).toMatchObject({ faults: ['lost'] });
    expect(asked).toEqual([[asks.AuditRun.name, { runId: 'wfr_1' }]]);
    expect([sent, faults]).toEqual([[], [['lost', 'copy']]]);
  });

  it('sends all that is owed by a run that can not say what it waits for, and nothing while something is under way', async () => {
    const scenario = parent();
    const { walk, sent, faults, stream } = setUp(scenario, UNKNOWN);
    stream.state?.owed.delete(startChild);
    stream.isCommitted = false;
    expect(await walk()).toEqual({ status: 'running', faults: [] });
    expect(sent).toEqual([]);
    stream.isCommitted = true;
    expect(await walk()).toEqual({ status: 'running', faults: ['unexplained'] });
    expect(sent).toEqual([...(stream.state?.owed.keys() ?? [])]);
    expect(faults).toEqual([['unexplained', 'unknown']]);
  });

  it('has an ended run tell everybody of its end once more', async () => {
    const scenario = new RunScenario('wfr_1');
    const invoker = { runId: 'wfr_p', workflowUrl: 'u', runCreatedAt: 1, messageId: 'msg_i.wfr_p', startedAt: 2 };
    scenario.start({}, {}, 'ask', { invoker });
    scenario.openMailbox('event');
    scenario.finish();
    const { host, audit, sent, stream } = setUp(scenario, UNKNOWN);
    await audit.remind(host, 'wfr_1');
    const tells = [...(stream.state?.owed ?? [])].flatMap(([id, { type }]) => (type === 'TellStream' ? [id] : []));
    expect(tells).toHaveLength(2);
    expect(sent).toEqual(tells);
  });
});
