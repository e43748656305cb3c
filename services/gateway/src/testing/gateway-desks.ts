import { HttpAdapterHost } from '@nestjs/core';
import type { Bus, Clock } from '@stepwell/core';
import { ProblemFilter } from '@stepwell/platform';
import type { Logger } from 'pino';
import type { FreshIds } from '../asking/fresh-ids';
import { PatientAsker } from '../asking/patient-asker';
import { DeadLetterAsks } from '../dead-letters/dead-letter.asks';
import { NoticeDesk } from '../events/notice.desk';
import type { GatewayConfig } from '../gateway.config';
import { RunAsks } from '../runs/run.asks';
import { RunLister } from '../runs/run.lister';
import { StartGate } from '../submissions/start.gate';
import { SubmissionDesk } from '../submissions/submission.desk';

export interface GatewayDesks {
  readonly submissions: SubmissionDesk;
  readonly notices: NoticeDesk;
  readonly runs: RunAsks;
  readonly lister: RunLister;
  readonly letters: DeadLetterAsks;
}

/** What the gateway's endpoints hand requests to, without HTTP in front. */
export function assembleDesks(around: {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: GatewayConfig;
  readonly ids: FreshIds;
}): GatewayDesks {
  const { bus, clock, logger, config, ids } = around;
  const asker = new PatientAsker(bus, config);
  const problems = new ProblemFilter(new HttpAdapterHost(), logger);
  return {
    submissions: new SubmissionDesk(asker, new StartGate(config, asker, clock), config, problems, clock, logger, ids),
    notices: new NoticeDesk(asker, ids),
    runs: new RunAsks(asker),
    lister: new RunLister(asker),
    letters: new DeadLetterAsks(asker, ids),
  };
}
