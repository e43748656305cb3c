import type { Expectation } from '../e2e/programs/interpreter';
import type { Telling } from './waiters';

/** On which way deliveries reach the app of a run: nothing is wrong with it, a proxy that hinders it, or somebody who lies. */
export type Road = 'plain' | 'hindered' | 'lying';

/** What became of a run as its users know it; what it must have come to is for the judge. */
export interface Acknowledged {
  readonly runId: string;
  readonly kind: 'program' | 'onboarding' | 'sleeper' | 'cancelled' | 'waiter' | 'caller';
  readonly road: Road;
  /** Its workflow fails by itself: some attempts are its own. */
  readonly failsByItself?: boolean;
  /** `Date.now()` of the answer to its start. */
  readonly startedAt: number;
  readonly expectation?: Expectation;
  readonly sleepMs?: number;
  /** How long the third party takes that it calls. */
  readonly callMs?: number;
  /** The tries to tell the event that it waits for. */
  readonly tellings?: readonly Telling[];
  /** `Date.now()` of the answer that said it is cancelled. */
  cancelledAt?: number;
  /** What its users do meanwhile; settled once they have been answered. */
  users: Promise<void>;
}

/** Of every run. Enough for every outage that the chaos makes: none may fail because of ours, nor of the endpoint's short ones. */
export const RETRIES = 15;
