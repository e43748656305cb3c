import { RunScenario } from '@stepwell/core/testing';
import { createLogger } from '@stepwell/platform';
import { logRunEvents } from './event.logger';
import { runKey } from './aggregates';
import { Stream } from './partition/stream';

test('each event is a line with its ids and names, and without what the user sent', () => {
  const lines: string[] = [];
  const logger = createLogger({ logLevel: 'debug', logFormat: 'json' }, 'run-state', {
    write: (line) => lines.push(line),
  });
  const run = new RunScenario('wfr_1');
  run.start();
  run.record(1, { stepName: 'welcome' });
  run.report('msg_2', { status: 500 });
  run.cancel();
  const stream = new Stream(runKey('wfr_1'));
  for (const { version, at, events } of run.history) {
    stream.evolve(version, at, events);
    logRunEvents(logger, stream, events);
  }
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged).toMatchObject([
    { level: 'info', msg: 'RunStarted', runId: 'wfr_1', workflow: 'api', messageId: 'msg_1' },
    { level: 'debug', msg: 'StepRecorded', runId: 'wfr_1', messageId: 'msg_2', stepId: 1, stepName: 'welcome' },
    { level: 'debug', msg: 'AttemptFailed', messageId: 'msg_2', attempt: 0, status: 500 },
    { level: 'info', msg: 'RunCancelled', runId: 'wfr_1' },
  ]);
  expect(lines.join('')).not.toContain('hello');
});
