import type { RunAnnouncement, TopicPublisher } from '@stepwell/core';
import { publicStream, runTopic } from '@stepwell/core';
import { headers } from 'nats';
import { decodePubAck } from './jetstream.api';
import { NatsLink } from './nats.link';
import type { NatsBusOptions, NatsLinkOptions } from './nats.options';
import { RequestFailed } from './reply-mux';
import { StreamKeeper } from './stream-keeper';
import { publicPlan } from './stream-plan';

const PUB_ACK_TIMEOUT_MS = 5_000;

/** The announcement isn't on the public stream, or nobody can say: it is still owed. */
class TopicNotPublished extends Error {
  readonly code = 'UNAVAILABLE';
  constructor(id: string, reason: string) {
    super(`announcement ${id} was not published: ${reason}`);
    this.name = 'TopicNotPublished';
  }
}

/** Plain JSON for outsiders, deduplicated by the announcement's id within the stream's window. */
export class NatsTopicPublisher implements TopicPublisher {
  constructor(
    private readonly link: NatsLink,
    private readonly keeper: StreamKeeper,
  ) {}

  async publish(announcement: RunAnnouncement): Promise<void> {
    const { id, outcome, workflow } = announcement;
    const messageHeaders = headers();
    messageHeaders.set('Nats-Msg-Id', id);
    const data = new TextEncoder().encode(JSON.stringify(announcement));
    const subject = runTopic(outcome, workflow);
    const reply = await this.link.mux
      .request(subject, data, PUB_ACK_TIMEOUT_MS, { headers: messageHeaders })
      .catch((error: unknown) => {
        if (error instanceof RequestFailed && error.reason === 'unheard') this.keeper.lookAgain();
        throw new TopicNotPublished(id, String(error));
      });
    const { stream, seq, duplicate, error } = decodePubAck(reply);
    if (error !== undefined || stream !== publicStream.name || seq === undefined) {
      throw new TopicNotPublished(id, error?.description ?? `${String(stream)} took it, not ${publicStream.name}`);
    }
    // A duplicate's sequence is that of the first: old, but no sign of a loss.
    if (duplicate !== true) this.keeper.acknowledged(stream, seq);
  }
}

/** A connection of its own for the public topics: for a process whose bus is in memory. */
export interface OwnTopicPublisher extends TopicPublisher {
  /** Called when the public stream may have lost announcements (E3). */
  onTopicsForgotten(listener: () => void): () => void;
  isConnected(): boolean;
  close(): Promise<void>;
}

/** Waits for NATS as `connectNatsBus` does, and makes the public stream. */
export async function createNatsTopicPublisher(
  options: NatsLinkOptions & Pick<NatsBusOptions, 'replicas' | 'limits'>,
): Promise<OwnTopicPublisher> {
  const link = await NatsLink.open(options);
  const keeper = new StreamKeeper(link, [publicPlan(options)]);
  await keeper.ensureStreams();
  const publisher = new NatsTopicPublisher(link, keeper);
  return {
    publish: (announcement) => publisher.publish(announcement),
    onTopicsForgotten: (listener) => keeper.onLoss(listener),
    isConnected: () => link.isConnected(),
    close: async () => {
      keeper.close();
      await link.close();
    },
  };
}
