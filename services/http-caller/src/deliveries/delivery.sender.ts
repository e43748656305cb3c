import type { AskOptions, Bus, Clock, DeliverItem, HeaderList, Message, WorkContext } from '@stepwell/core';
import { asks, message, STEPS_HEADER, STEPS_INLINE } from '@stepwell/core';
import type { BodyAssembler, DeliveryBody } from '../body/body.assembler';
import { RunGone } from '../body/run.history';
import type { AttemptRunner } from '../effects/attempt.runner';
import { deliveryHeaders } from '../effects/outcome.report';
import { destinationOf, invalidDestination } from '../outbound/destination';
import type { OutboundClient } from '../outbound/http.client';
import { bodyFor } from '../outbound/http.client';
import { NO_BODY } from '../outbound/http-attempt';
import type { ExchangeEnd } from '../outbound/http.exchange';
import type { RequestSigner } from '../signing/request.signer';
import type { DeliveryReporter } from './delivery.reporter';
import type { InlineReader } from './inline.reader';
import type { TailKeeper } from './tail.keeper';

const NOTHING: DeliveryBody = { ...NO_BODY, entries: [] };
/** Tells the endpoint that it may answer with what it submits. */
const ANNOUNCEMENT: HeaderList[number] = [STEPS_HEADER, STEPS_INLINE];

export interface DeliverySenderParts {
  readonly runner: AttemptRunner;
  readonly assembler: BodyAssembler;
  readonly signer: RequestSigner;
  readonly client: OutboundClient;
  readonly reporter: DeliveryReporter;
  readonly inline: InlineReader;
  readonly tails: TailKeeper;
  readonly bus: Bus;
  readonly askOptions?: AskOptions | undefined;
  readonly clock: Clock;
}

/** Assembles, signs and sends deliveries, and reports them in batches. */
export class DeliverySender {
  constructor(private readonly parts: DeliverySenderParts) {}

  deliver(work: Message<DeliverItem>, context: WorkContext): Promise<void> {
    const item = work.head;
    const url = destinationOf(item.url);
    let body = NOTHING;
    let waitedMs: number | undefined;
    return this.parts.runner.run(
      {
        item,
        callClass: item.kind,
        origin: url?.origin ?? '',
        prepare: async () => {
          if (url !== undefined) body = await this.parts.assembler.assemble(work, this.parts.tails.tailOf(item));
          return body;
        },
        send: () => {
          if (url === undefined) return Promise.resolve(invalidDestination(item.url));
          if (item.kind === 'step') waitedMs = this.parts.clock.nowMs() - item.eventAt;
          return this.send(work, url, body);
        },
        report: (attempt) => this.parts.reporter.report(item.partition, item, attempt, waitedMs),
      },
      context,
    );
  }

  private async send(work: Message<DeliverItem>, url: URL, body: DeliveryBody): Promise<ExchangeEnd> {
    const item = work.head;
    const { tails } = this.parts;
    let sent = body;
    let end = await this.exchange(item, url, body, item.timeoutMs);
    if (tails.isRefused(item, body, end.attempt)) {
      sent = await this.whole(work);
      const spentMs = end.attempt.durationMs;
      end = await this.exchange(item, url, sent, Math.max(1, item.timeoutMs - spentMs));
      end = { ...end, attempt: { ...end.attempt, durationMs: spentMs + end.attempt.durationMs } };
    }
    const attempt = tails.note(item, sent, end.attempt);
    return { ...end, attempt: { ...attempt, headers: deliveryHeaders(attempt) } };
  }

  private async exchange(item: DeliverItem, url: URL, unsent: DeliveryBody, timeoutMs: number): Promise<ExchangeEnd> {
    const { signer, client, clock, inline } = this.parts;
    const { method, headers, takesSteps = false } = item;
    const body = bodyFor(method, unsent);
    const signature = signer.sign(item.url, body.pieces, clock.nowMs());
    const end = await client.send({
      url,
      method,
      headers: [...headers, ...(takesSteps ? [ANNOUNCEMENT] : []), ['upstash-signature', signature]],
      body,
      timeoutMs,
      answer: takesSteps ? inline.announced : inline.official,
    });
    return { ...end, attempt: inline.read(item, end.attempt) };
  }

  /**
   * For the second request of an attempt whose first was refused unread. It is as new a request as the first was, so it is asked once
   * more whether anybody wants it (H2).
   */
  private async whole(work: Message<DeliverItem>): Promise<DeliveryBody> {
    const { runId, messageId, attempt, partition } = work.head;
    const { bus, assembler, askOptions } = this.parts;
    const body = await assembler.assemble(work);
    try {
      const asked = message({ runId, messageId, attempt });
      const { wanted } = (await bus.ask(asks.StillWanted, { partition }, asked, askOptions)).head;
      if (!wanted) throw new RunGone(runId, 'it was overtaken while its endpoint asked for the whole history');
      return body;
    } catch (error) {
      body.sent?.();
      throw error;
    }
  }
}
