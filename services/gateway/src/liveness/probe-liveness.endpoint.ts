import { Get } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { Liveness } from './liveness.answers';

/** Whether the API answers; asked without a token, by clients' CI (protocol.md 1). What the service needs is `/health/ready`. */
@Endpoint('v2/liveness')
export class ProbeLivenessEndpoint {
  @Get()
  @RouteConfig({ open: true })
  @Described({
    id: 'probeLiveness',
    tag: 'Server',
    summary: 'Ask whether the API answers',
    answer: Liveness,
    errors: [],
  })
  probe(): Liveness {
    return { status: 'live' };
  }
}
