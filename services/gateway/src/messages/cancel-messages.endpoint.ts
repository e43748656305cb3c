import type { GiveUpSignal } from '@stepwell/core';
import { Delete, Query } from '@nestjs/common';
import { Problem } from '@stepwell/platform';
import { boundedMap } from '../asking/bounded-map';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { JsonBody } from '../http/json-body.decorator';
import { ListParameter, UnservedParameter } from '../http/query-values';
import { CancelledMessages } from './message.answers';
import { MessageAsks } from './message.asks';

const AT_A_TIME = 16;

/** In the query or, from the Python client, in a JSON body. Filters are for plain messages, which are to come. */
export class CancelMessagesQuery {
  /** Ids of the messages. */
  @ListParameter()
  readonly messageIds?: string[];

  @UnservedParameter()
  readonly topicName?: unknown;
  @UnservedParameter()
  readonly queueName?: unknown;
  @UnservedParameter()
  readonly url?: unknown;
  @UnservedParameter()
  readonly host?: unknown;
  @UnservedParameter()
  readonly path?: unknown;
  @UnservedParameter()
  readonly label?: unknown;
  @UnservedParameter()
  readonly flowControlKey?: unknown;
  @UnservedParameter()
  readonly fromDate?: unknown;
  @UnservedParameter()
  readonly toDate?: unknown;
  @UnservedParameter()
  readonly scheduleId?: unknown;
  @UnservedParameter()
  readonly callerIp?: unknown;
  @UnservedParameter()
  readonly callerIP?: unknown;
  @UnservedParameter()
  readonly count?: unknown;
}

/** Cancels the messages of these ids, and with them their runs (protocol.md 13.2). Counted are those that were there. */
@Endpoint('v2/messages')
export class CancelMessagesEndpoint {
  constructor(private readonly messages: MessageAsks) {}

  @Delete()
  @Described({
    id: 'cancelMessages',
    tag: 'Messages',
    summary: 'Cancel messages, and with them their runs',
    details: 'By their ids alone: filters are refused with NOT_SUPPORTED. Counted are those that were there.',
    answer: CancelledMessages,
    errors: ['NOT_SUPPORTED', 'UNAVAILABLE'],
  })
  async cancel(
    @Query() query: CancelMessagesQuery,
    @JsonBody(CancelMessagesQuery) body: CancelMessagesQuery,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<CancelledMessages> {
    const { messageIds } = Object.assign(body, query);
    if (messageIds === undefined) {
      throw new Problem('NOT_SUPPORTED', 'messages can be cancelled by messageIds only, not by filters yet');
    }
    const ids = [...new Set(messageIds)];
    const results = await boundedMap(ids, AT_A_TIME, (messageId) => this.messages.cancel(messageId, hangUp));
    return { cancelled: results.filter(Boolean).length };
  }
}
