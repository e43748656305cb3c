import { Get, Header } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { RunAsks } from './run.asks';
import { RunId } from './run-id.decorator';

/** Lazy fetch: the run's step list, for a client that was delivered an empty body (protocol.md 7.5). 404 = the run has ended. */
@Endpoint('v2/workflows/runs/-')
export class ReadMessagesEndpoint {
  constructor(private readonly runs: RunAsks) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  async read(@RunId() runId: string, @HangUp() hangUp: AbortSignal): Promise<Buffer> {
    return Buffer.from(await this.runs.messages(runId, hangUp));
  }
}
