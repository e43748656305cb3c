import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AnnounceItem, Done, Message, RunAnnouncement, SettleRequest, TopicPublisher } from '@stepwell/core';
import { message, works } from '@stepwell/core';
import type { AskHandler } from '@stepwell/messaging';
import { MemoryBroker, MemoryBus, MemoryTopicPublisher, MessagingServer } from '@stepwell/messaging';
import {
  configFrom,
  createLogger,
  createMetrics,
  HealthRegistry,
  PlatformModule,
  ShutdownSequence,
  SystemClock,
} from '@stepwell/platform';
import { noTopics } from './announcements/no-topics';
import { EventNotifierModule } from './event-notifier.module';
import { EventNotifierConfig } from './event-notifier.service';

/* The whole service over the in-memory bus: an announcement is queued, published, told to run-state, and only then gone. */

const PARTITION = 5;

const announcement = (id: string): RunAnnouncement => ({
  id,
  outcome: 'completed',
  workflowRunId: 'wfr_1',
  workflow: 'onboarding',
  workflowUrl: 'http://app/onboarding',
  createdAt: 1,
  completedAt: 2,
  labels: [],
});

const item = (effectId: string): Message<AnnounceItem> =>
  message({ effectId, partition: PARTITION, announcement: announcement(`id of ${effectId}`) });

/** Fails as often as it is told to, before anything is published or after. */
class FaultyTopics implements TopicPublisher {
  readonly kept = new MemoryTopicPublisher();
  attempts = 0;
  failures = 0;

  async publish(what: RunAnnouncement): Promise<void> {
    this.attempts += 1;
    if (this.attempts <= this.failures) throw new Error('no stream');
    await this.kept.publish(what);
  }
}

describe('EventNotifierModule', () => {
  const config = configFrom(EventNotifierConfig, { logLevel: 'silent' });
  let broker: MemoryBroker;
  let bus: MemoryBus;
  let runState: MemoryBus;
  let app: INestMicroservice;
  let topics: FaultyTopics;
  let settled: string[];
  let refusals: number;
  let journal: string[];

  let registry: ReturnType<typeof createMetrics>;

  const start = async (publisher: TopicPublisher = topics) => {
    registry = createMetrics('event-notifier');
    const testing = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          config,
          bus,
          clock: new SystemClock(),
          logger: createLogger(config, 'event-notifier'),
          metrics: registry,
          health: new HealthRegistry(),
          shutdown: new ShutdownSequence(),
        }),
        EventNotifierModule.forRoot(publisher),
      ],
    }).compile();
    app = testing.createNestMicroservice({
      strategy: new MessagingServer({ bus, serves: ['event-notifier'] }),
      logger: false,
    });
    await app.listen();
  };

  beforeEach(async () => {
    broker = new MemoryBroker();
    bus = new MemoryBus({ broker });
    runState = new MemoryBus({ broker, member: 'run-state' });
    topics = new FaultyTopics();
    settled = [];
    refusals = 0;
    journal = [];
    const settle = ({ head }: Message<SettleRequest>): Promise<Message<Done>> => {
      journal.push(`settle after ${topics.kept.published.length} published`);
      if (refusals > 0) {
        refusals -= 1;
        return Promise.reject(new Error('not answered'));
      }
      settled.push(...head.effectIds);
      return Promise.resolve(message({}));
    };
    await runState.answerAsks('run-state', new Map([['Settle', settle as AskHandler]]));
    await runState.serve('run-state', new Set([PARTITION]));
  });
  afterEach(async () => {
    await app.close();
    await Promise.all([bus.close(), runState.close()]);
  });

  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('publishes, tells run-state, and acknowledges, in this order (B2, E1)', async () => {
    await start();
    expect(await bus.publishWork(works.Announce, 'run-1:3:0', item('run-1:3:0'))).toBe('queued');
    await until(() => settled.length > 0);
    expect(topics.kept.published).toEqual([announcement('id of run-1:3:0')]);
    expect(journal).toEqual(['settle after 1 published']);
    // Acknowledged: the same effect may be queued anew.
    const again = () => bus.publishWork(works.Announce, 'run-1:3:0', item('run-1:3:0'));
    let answer = await again();
    while (answer === 'already-queued') answer = await again();
    await until(() => settled.length > 1);
    expect(topics.kept.published).toHaveLength(1);
  });

  it('tries again when it cannot be published, and tells nobody before', async () => {
    topics.failures = 1;
    await start();
    await bus.publishWork(works.Announce, 'run-1:3:0', item('run-1:3:0'));
    await until(() => settled.length > 0);
    expect(topics.attempts).toBe(2);
    expect(journal).toEqual(['settle after 1 published']);
    expect(await registry.metrics()).toMatch(/announcements_total\{outcome="completed",result="given-back".*\} 1/);
  });

  it('tells run-state again when it did not answer, without publishing twice', async () => {
    refusals = 1;
    await start();
    await bus.publishWork(works.Announce, 'run-1:3:0', item('run-1:3:0'));
    await until(() => settled.length > 0);
    expect(settled).toEqual(['run-1:3:0']);
    expect(topics.kept.published).toHaveLength(1);
  });

  it('tells several ends of one partition together', async () => {
    await start();
    const effectIds = Array.from({ length: 50 }, (_, n) => `run-${n}:3:0`);
    await Promise.all(effectIds.map((effectId) => bus.publishWork(works.Announce, effectId, item(effectId))));
    await until(() => settled.length === effectIds.length);
    expect(settled.toSorted()).toEqual(effectIds.toSorted());
    expect(journal.length).toBeLessThan(effectIds.length);
  });

  it('counts as told what there is nobody to tell', async () => {
    await start(noTopics);
    await bus.publishWork(works.Announce, 'run-1:3:0', item('run-1:3:0'));
    await until(() => settled.length > 0);
    expect(settled).toEqual(['run-1:3:0']);
  });
});
