import type { AskOptions, Bus, CallOutItem, Clock, Message, WorkContext } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { BodyAssembler } from '../body/body.assembler';
import type { AttemptRunner } from '../effects/attempt.runner';
import { reportOf } from '../effects/outcome.report';
import { destinationOf, invalidDestination } from '../outbound/destination';
import type { OutboundClient } from '../outbound/http.client';
import { bodyFor } from '../outbound/http.client';
import type { HttpAttempt } from '../outbound/http-attempt';
import type { ExchangeEnd } from '../outbound/http.exchange';
import type { RequestSigner } from '../signing/request.signer';

export interface CallSenderParts {
  readonly runner: AttemptRunner;
  readonly assembler: BodyAssembler;
  readonly signer: RequestSigner;
  readonly client: OutboundClient;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly maxResponseBytes: number;
  readonly askOptions?: AskOptions | undefined;
}

/**
 * Makes third-party calls (protocol.md 8.3) and reports each by itself, with the whole answer: it becomes the step's result. The
 * headers are the item's own; nothing of the run is told to the third party but the signature that every message has.
 */
export class CallSender {
  constructor(private readonly parts: CallSenderParts) {}

  call(work: Message<CallOutItem>, context: WorkContext): Promise<void> {
    const item = work.head;
    const url = destinationOf(item.url);
    return this.parts.runner.run(
      {
        item,
        callClass: 'call',
        origin: url?.origin ?? '',
        send: () => (url === undefined ? Promise.resolve(invalidDestination(item.url)) : this.send(work, url)),
        report: (attempt) => this.report(item, attempt),
      },
      context,
    );
  }

  private async send(work: Message<CallOutItem>, url: URL): Promise<ExchangeEnd> {
    const { assembler, signer, client, clock, maxResponseBytes } = this.parts;
    const { method, headers, timeoutMs } = work.head;
    const body = bodyFor(method, await assembler.fetch(work.head, work.head.body, work.bodies));
    const signature = signer.sign(work.head.url, body.pieces, clock.nowMs());
    return client.send({
      url,
      method,
      headers: [...headers, ['upstash-signature', signature]],
      body,
      timeoutMs,
      answer: { keep: 'all', maxBodyBytes: maxResponseBytes, over: 'fail' },
    });
  }

  private async report(item: CallOutItem, attempt: HttpAttempt): Promise<void> {
    const bodies: Uint8Array[] = [];
    const report = reportOf(item, attempt, bodies);
    const { bus, askOptions } = this.parts;
    await bus.ask(asks.ReportCall, { partition: item.partition }, message(report, bodies), askOptions);
  }
}
