import type { Clock, DeliverItem, HeaderList, Message, WorkContext } from '@stepwell/core';
import { STEPS_HEADER, STEPS_INLINE } from '@stepwell/core';
import type { BodyAssembler } from '../body/body.assembler';
import type { AttemptRunner } from '../effects/attempt.runner';
import { deliveryHeaders } from '../effects/outcome.report';
import { destinationOf, invalidDestination } from '../outbound/destination';
import type { OutboundClient } from '../outbound/http.client';
import { bodyFor } from '../outbound/http.client';
import type { RequestBody } from '../outbound/http-attempt';
import { NO_BODY } from '../outbound/http-attempt';
import type { ExchangeEnd } from '../outbound/http.exchange';
import type { RequestSigner } from '../signing/request.signer';
import type { DeliveryReporter } from './delivery.reporter';
import type { InlineReader } from './inline.reader';

/** Tells the endpoint that it may answer with what it submits. */
const ANNOUNCEMENT: HeaderList[number] = [STEPS_HEADER, STEPS_INLINE];

export interface DeliverySenderParts {
  readonly runner: AttemptRunner;
  readonly assembler: BodyAssembler;
  readonly signer: RequestSigner;
  readonly client: OutboundClient;
  readonly reporter: DeliveryReporter;
  readonly inline: InlineReader;
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
        prepare: () => (url === undefined ? Promise.resolve(NO_BODY) : this.parts.assembler.assemble(work)),
        send: (body) => {
          if (url === undefined) return Promise.resolve(invalidDestination(item.url));
          if (item.kind === 'step') waitedMs = this.parts.clock.nowMs() - item.eventAt;
          return this.send(item, url, bodyFor(item.method, body));
        },
        report: (attempt) => this.parts.reporter.report(item.partition, item, attempt, waitedMs),
      },
      context,
    );
  }

  private async send(item: DeliverItem, url: URL, body: RequestBody): Promise<ExchangeEnd> {
    const { signer, client, clock, inline } = this.parts;
    const { method, headers, timeoutMs, takesSteps = false } = item;
    const signature = signer.sign(item.url, body.pieces, clock.nowMs());
    const end = await client.send({
      url,
      method,
      headers: [...headers, ...(takesSteps ? [ANNOUNCEMENT] : []), ['upstash-signature', signature]],
      body,
      timeoutMs,
      answer: takesSteps ? inline.announced : inline.official,
    });
    const attempt = inline.read(item, end.attempt);
    return { ...end, attempt: { ...attempt, headers: deliveryHeaders(attempt) } };
  }
}
