import type { AskOptions, Bus, CallOutItem, Clock, Message, WorkContext } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { BodyAssembler } from '../body/body.assembler';
import type { AttemptRunner } from '../effects/attempt.runner';
import { reportOf } from '../effects/outcome.report';
import { destinationOf, invalidDestination } from '../outbound/destination';
import type { OutboundClient } from '../outbound/http.client';
import { bodyFor } from '../outbound/http.client';
import type { AnswerRule, HttpAttempt, RequestBody } from '../outbound/http-attempt';
import { NO_BODY } from '../outbound/http-attempt';
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
  private readonly rule: AnswerRule;

  constructor(private readonly parts: CallSenderParts) {
    this.rule = { keeps: true, maxBodyBytes: parts.maxResponseBytes, over: { raise: 'STEPWELL_CALL_MAX_RESPONSE' } };
  }

  call(work: Message<CallOutItem>, context: WorkContext): Promise<void> {
    const item = work.head;
    const url = destinationOf(item.url);
    return this.parts.runner.run(
      {
        item,
        callClass: 'call',
        origin: url?.origin ?? '',
        prepare: () =>
          url === undefined ? Promise.resolve(NO_BODY) : this.parts.assembler.fetch(item, item.body, work.bodies),
        send: (body) =>
          url === undefined
            ? Promise.resolve(invalidDestination(item.url))
            : this.send(item, url, bodyFor(item.method, body)),
        report: (attempt) => this.report(item, attempt),
      },
      context,
    );
  }

  private send(item: CallOutItem, url: URL, body: RequestBody): Promise<ExchangeEnd> {
    const { signer, client, clock } = this.parts;
    const { method, headers, timeoutMs } = item;
    const signature = signer.sign(item.url, body.pieces, clock.nowMs());
    return client.send({
      url,
      method,
      headers: [...headers, ['upstash-signature', signature]],
      body,
      timeoutMs,
      answer: () => this.rule,
    });
  }

  private async report(item: CallOutItem, attempt: HttpAttempt): Promise<void> {
    const bodies: Uint8Array[] = [];
    const report = reportOf(item, attempt, bodies);
    const { bus, askOptions } = this.parts;
    await bus.ask(asks.ReportCall, { partition: item.partition }, message(report, bodies), askOptions);
  }
}
