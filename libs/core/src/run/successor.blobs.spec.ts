import { messageIds, RunScenario } from '../testing/run-scenario';
import { blobsIn } from './successor';

describe('the blobs of an event (L5)', () => {
  const blob = (name: string) => ({ blob: name, sizeBytes: 5_000_000 });

  it('are found wherever an event may name one', () => {
    const run = started();
    run.submit([{ ...stepItem(), body: 0 }], [blob('step')]);
    const [call = ''] = messageIds(run.call(2));
    run.report(call, { body: blob('answer') });
    run.record(2);
    expect(run.history.map(({ events }) => events.flatMap(({ data }) => blobsIn(data)))).toEqual([
      [],
      ['step'],
      [],
      ['answer'],
      [],
    ]);
    const child = { ...stepItem(), runId: 'wfr_c', callerIp: '', body: 0 };
    run.submit([{ ...stepItem(3), kind: 'invoke', child }], [blob('payload')]);
    expect(run.history.at(-1)?.events.flatMap(({ data }) => blobsIn(data))).toEqual(['payload']);
    run.finish();
  });

  it('are not to be taken for texts that look like one', () => {
    const run = new RunScenario();
    run.start({ forwards: [['blob', 'x']], labels: ['blob'] }, { forwards: [['blob', 'x']] });
    run.wait(1, { eventId: 'blob', fields: { blob: 'x', sizeBytes: 1 } });
    expect(run.history.flatMap(({ events }) => events.flatMap(({ data }) => blobsIn(data)))).toEqual([]);
  });
});

function started(): RunScenario {
  const run = new RunScenario();
  run.start();
  return run;
}

function stepItem(stepId = 1) {
  return {
    kind: 'step' as const,
    messageId: `msg_s${stepId}.wfr_1`,
    destination: 'http://app/api',
    workflowUrl: 'http://app/api',
    method: 'POST',
    forwards: [],
    features: ['WF_TriggerOnConfig'],
    config: { forwards: [], labels: [] },
    step: { stepId, stepName: 's', stepType: 'Run', concurrent: 1 },
    body: 0,
  };
}
