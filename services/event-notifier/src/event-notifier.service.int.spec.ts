import type { AnnounceItem, Done, Message, RunAnnouncement, SettleRequest } from '@stepwell/core';
import { message, works } from '@stepwell/core';
import type { AskHandler } from '@stepwell/messaging';
import { connectNatsBus } from '@stepwell/messaging';
import { configFrom, ServiceProcess } from '@stepwell/platform';
import { useNatsServer } from '@stepwell/testing';
import { EventNotifierConfig, eventNotifierService } from './event-notifier.service';

/* The service as its `main.ts` starts it, on a real nats-server, beside a run-state that is this test. */

const nats = useNatsServer();

test('an end is on the public topic and its receipt with run-state, also of what was queued before', async () => {
  const runState = await connectNatsBus({
    url: nats.servers,
    user: nats.user,
    pass: nats.pass,
    name: 'run-state',
    epoch: 1,
  });
  const settled: string[] = [];
  const settle = ({ head }: Message<SettleRequest>): Promise<Message<Done>> => {
    settled.push(...head.effectIds);
    return Promise.resolve(message({}));
  };
  await runState.answerAsks('run-state', new Map([['Settle', settle as AskHandler]]));
  await runState.serve('run-state', new Set([5]));
  await runState.publishWork(works.Announce, 'run-early:3:0', item('early'));

  const service = new ServiceProcess(
    eventNotifierService,
    configFrom(EventNotifierConfig, {
      logLevel: 'silent',
      metricsHost: '127.0.0.1',
      metricsPort: 0,
      shutdownDelayMs: 0,
      natsUrls: [nats.servers],
      natsUser: nats.user,
      natsPassword: nats.pass,
    }),
  );
  await service.start();
  expect((await fetch(`http://127.0.0.1:${service.probePort ?? 0}/health/ready`)).status).toBe(200);
  await runState.publishWork(works.Announce, 'run-late:3:0', item('late'));
  await until(() => settled.length === 2);
  expect(settled.toSorted()).toEqual(['run-early:3:0', 'run-late:3:0']);

  const probe = `http://127.0.0.1:${service.probePort ?? 0}/metrics`;
  await until(async () =>
    /announcements_total\{outcome="completed",result="told".*\} 2/.test(await (await fetch(probe)).text()),
  );
  await service.stop();
  await runState.close();
});

function item(name: string): Message<AnnounceItem> {
  const announcement: RunAnnouncement = {
    id: `wfr_${name}:completed`,
    outcome: 'completed',
    workflowRunId: `wfr_${name}`,
    workflow: 'onboarding',
    workflowUrl: 'http://app/onboarding',
    createdAt: 1,
    completedAt: 2,
    labels: [],
  };
  return message({ effectId: `run-${name}:3:0`, partition: 5, announcement });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
