import type { GiveUpSignal } from '@stepwell/core';
import { Get, Header } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { asBytes, listOf } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { StepEntry } from './run.answers';
import { RunAsks } from './run.asks';
import { RunId } from './run-id.decorator';

/** Lazy fetch: the run's step list, for a client that was delivered an empty body (protocol.md 7.5). 404 = the run has ended. */
@Endpoint('v2/workflows/runs/-')
export class ReadMessagesEndpoint {
  constructor(private readonly runs: RunAsks) {}

  @Get()
  @Described({
    id: 'readSteps',
    tag: 'Runs',
    summary: 'Read the step list of a run that has not ended',
    details: 'For client libraries that were delivered an empty body.',
    answer: asBytes(listOf(StepEntry)),
    errors: ['INVALID_RUN_ID', 'UNKNOWN_RUN', 'UNAVAILABLE'],
  })
  @Header('content-type', JSON_TYPE)
  async read(@RunId() runId: string, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    return Buffer.from(await this.runs.messages(runId, hangUp));
  }
}
