import type { ServiceName } from '@stepwell/core';
import { SERVICES } from '@stepwell/core';
import { eventNotifierService } from '@stepwell/event-notifier';
import { gatewayService } from '@stepwell/gateway';
import { httpCallerService } from '@stepwell/http-caller';
import { runService } from '@stepwell/platform';
import { runStateService } from '@stepwell/run-state';
import { schedulerService } from '@stepwell/scheduler';
import { allService } from './all.service';

export const ROLES = [...SERVICES, 'all'] as const;

const starters: Record<ServiceName | 'all', () => Promise<unknown>> = {
  gateway: () => runService(gatewayService),
  'run-state': () => runService(runStateService),
  scheduler: () => runService(schedulerService),
  'http-caller': () => runService(httpCallerService),
  'event-notifier': () => runService(eventNotifierService),
  all: () => runService(allService),
};

/** Becomes that service: the same as its own `main.ts`. */
export async function startRole(role: ServiceName | 'all'): Promise<void> {
  await starters[role]();
}
