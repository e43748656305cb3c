import type { RunAnnouncement } from '@stepwell/core';
import { useNatsServer } from '@stepwell/testing';
import { connect } from 'nats';
import { until } from '../testing';
import { connectNatsBus } from './nats.bus';
import { createNatsTopicPublisher } from './nats.topic-publisher';

const announcement = (id: string, workflow = 'onboarding'): RunAnnouncement => ({
  id,
  outcome: 'completed',
  workflowRunId: `wfr_${id}`,
  workflow,
  workflowUrl: 'http://127.0.0.1/onboarding',
  createdAt: 1,
  completedAt: 2,
  labels: [],
});

describe('the public topics', () => {
  const nats = useNatsServer();
  const options = () => ({
    url: nats.servers,
    user: nats.user,
    pass: nats.pass,
    name: 'notifier',
    limits: { maxBytes: 16 * 1024 * 1024 },
  });

  test('an outsider reads each announcement once, as JSON, by workflow, also what came before it', async () => {
    const publisher = await createNatsTopicPublisher(options());
    const bus = await connectNatsBus({ ...options(), epoch: 1 });
    await publisher.publish(announcement('a'));
    await publisher.publish(announcement('a'));
    await bus.topics.publish(announcement('a'));
    await bus.topics.publish(announcement('b', 'überweisung 7'));

    const outsider = await connect({ servers: nats.servers, user: nats.user, pass: nats.pass });
    const seen: { subject: string; body: unknown }[] = [];
    const consumer = await outsider.jetstream().consumers.get('STEPWELL_RUNS');
    const messages = await consumer.consume({
      callback: (each) => {
        seen.push({ subject: each.subject, body: each.json() });
      },
    });
    await publisher.publish(announcement('c'));
    await until(() => seen.length === 3);
    expect(seen.map(({ body }) => body)).toEqual([
      announcement('a'),
      announcement('b', 'überweisung 7'),
      announcement('c'),
    ]);
    expect(seen[0]?.subject).toBe('stepwell.runs.completed.onboarding');
    await messages.close();
    await outsider.close();
    await bus.close();
    await publisher.close();
    await expect(publisher.publish(announcement('d'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
