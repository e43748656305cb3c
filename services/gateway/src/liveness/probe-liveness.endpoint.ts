import { Get } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { Endpoint } from '../http/endpoint.decorator';

/** Whether the API answers; asked without a token, by clients' CI (protocol.md 1). What the service needs is `/health/ready`. */
@Endpoint('v2/liveness')
export class ProbeLivenessEndpoint {
  @Get()
  @RouteConfig({ open: true })
  probe(): { status: 'live' } {
    return { status: 'live' };
  }
}
