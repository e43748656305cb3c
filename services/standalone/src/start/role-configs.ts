import { eventNotifierService } from '@stepwell/event-notifier';
import { gatewayService } from '@stepwell/gateway';
import { httpCallerService } from '@stepwell/http-caller';
import type { ConfigClass } from '@stepwell/platform';
import { runStateService } from '@stepwell/run-state';
import { schedulerService } from '@stepwell/scheduler';
import { allService } from './all.service';
import type { ROLES } from './start.command';

/** What each role reads from the environment: the reference table is made of it, and compared with it. */
export const roleConfigs: Readonly<Record<(typeof ROLES)[number], ConfigClass>> = {
  gateway: gatewayService.config,
  'run-state': runStateService.config,
  scheduler: schedulerService.config,
  'http-caller': httpCallerService.config,
  'event-notifier': eventNotifierService.config,
  all: allService.config,
};
