import { Module } from '@nestjs/common';
import { ProblemFilter } from '@stepwell/platform';
import { FreshIds } from './asking/fresh-ids';
import { PatientAsker } from './asking/patient-asker';
import { TokenGate } from './auth/token-gate';
import { UserIds } from './auth/user-ids';
import { DeadLetterAsks } from './dead-letters/dead-letter.asks';
import { DeadLetterFinder } from './dead-letters/dead-letter.finder';
import { TakeOverDesk } from './dead-letters/take-over.desk';
import { endpoints } from './endpoints';
import { EventRoutes } from './events/event.routes';
import { NoticeDesk } from './events/notice.desk';
import type { Credentials } from './gateway.config';
import { credentialsOf, GatewayConfig } from './gateway.config';
import { CREDENTIALS } from './gateway.tokens';
import { BodyMemory } from './http/body-memory';
import { HttpSurface } from './http/http-surface';
import { HotRoutes } from './http/hot-routes';
import { RequestMetrics } from './http/request-metrics';
import { MessageAsks } from './messages/message.asks';
import { RunAsks } from './runs/run.asks';
import { RunRoutes } from './runs/run.routes';
import { RunLister } from './runs/run.lister';
import { StartGate } from './submissions/start.gate';
import { SubmissionDesk } from './submissions/submission.desk';
import { SubmissionRoutes } from './submissions/submission.routes';

/**
 * The gateway listens: REST, authentication, validation (architecture.md section 1). It holds no rule and no database. Its
 * application has to be made with `GatewayAdapter` as it is described by `gatewayHttp`; settings, bus, clock, logger and metrics
 * come from the PlatformModule of whoever composes it.
 */
@Module({
  controllers: endpoints,
  providers: [
    { provide: CREDENTIALS, useFactory: credentialsOf, inject: [GatewayConfig] },
    {
      provide: TokenGate,
      useFactory: ({ tokens }: Credentials) => new TokenGate(tokens),
      inject: [CREDENTIALS],
    },
    {
      provide: UserIds,
      useFactory: ({ tokens }: Credentials) => new UserIds(tokens),
      inject: [CREDENTIALS],
    },
    PatientAsker,
    FreshIds,
    ProblemFilter,
    BodyMemory,
    RequestMetrics,
    RunAsks,
    RunLister,
    MessageAsks,
    DeadLetterAsks,
    DeadLetterFinder,
    TakeOverDesk,
    StartGate,
    SubmissionDesk,
    SubmissionRoutes,
    NoticeDesk,
    EventRoutes,
    RunRoutes,
    HotRoutes,
    HttpSurface,
  ],
})
export class GatewayModule {}
