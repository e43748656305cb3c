import type { Clock, DeliverItem, Message, WorkContext } from '@stepwell/core';
import type { BodyAssembler } from '../body/body.assembler';
import type { AttemptRunner } from '../effects/attempt.runner';
import { deliveryHeaders } from '../effects/outcome.report';
import { destinationOf, invalidDestination } from '../outbound/destination';
import type { OutboundClient } from '../outbound/http.client';
import { bodyFor } from '../outbound/http.client';
import type { AnswerRule } from '../outbound/http-attempt';
import type { ExchangeEnd } from '../outbound/http.exchange';
import type { RequestSigner } from '../signing/request.signer';
import type { DeliveryReporter } from './delivery.reporter';

/** What is kept of an endpoint's error page, for logs and failure callbacks. */
const ERROR_BODY_BYTES = 1024 * 1024;
const ANSWER_RULE: AnswerRule = { keep: 'drop-success', maxBodyBytes: ERROR_BODY_BYTES, over: 'cut' };

export interface DeliverySenderParts {
  readonly runner: AttemptRunner;
  readonly assembler: BodyAssembler;
  readonly signer: RequestSigner;
  readonly client: OutboundClient;
  readonly reporter: DeliveryReporter;
  readonly clock: Clock;
}

/** Assembles, signs and sends deliveries, and reports them in batches. */
export class DeliverySender {
  constructor(private readonly parts: DeliverySenderParts) {}

  deliver(work: Message<DeliverItem>, context: WorkContext): Promise<void> {
    const item = work.head;
    const url = destinationOf(item.url);
    let waitedMs: number | undefined;
    return this.parts.runner.run(
      {
        item,
        callClass: item.kind,
        origin: url?.origin ?? '',
        send: () => {
          if (url === undefined) return Promise.resolve(invalidDestination(item.url));
          if (item.kind === 'step') waitedMs = this.parts.clock.nowMs() - item.eventAt;
          return this.send(work, url);
        },
        report: (attempt) => this.parts.reporter.report(item.partition, item, attempt, waitedMs),
      },
      context,
    );
  }

  private async send(work: Message<DeliverItem>, url: URL): Promise<ExchangeEnd> {
    const { assembler, signer, client, clock } = this.parts;
    const { method, headers, timeoutMs } = work.head;
    const body = bodyFor(method, await assembler.assemble(work));
    const signature = signer.sign(work.head.url, body.pieces, clock.nowMs());
    const end = await client.send({
      url,
      method,
      headers: [...headers, ['upstash-signature', signature]],
      body,
      timeoutMs,
      answer: ANSWER_RULE,
    });
    return { ...end, attempt: { ...end.attempt, headers: deliveryHeaders(end.attempt) } };
  }
}
