import { Equals, IsString } from 'class-validator';
import { IsCount, IsHeaderLists, IsOf } from '../description/values';

/** A run that waits for an event. */
export class Waiter {
  /** Where the result is delivered. */
  @IsString()
  readonly url!: string;

  /** When it gives up waiting, in unix seconds. */
  @IsCount()
  readonly deadline!: number;

  /** They name the run. */
  @IsHeaderLists()
  readonly headers!: Readonly<Record<string, readonly string[]>>;

  /** Where it is told that it waited in vain. */
  @IsString()
  readonly timeoutUrl!: string;

  @IsHeaderLists()
  readonly timeoutHeaders!: Readonly<Record<string, readonly string[]>>;
}

/** A run that has waited for the event, and goes on with it. Without the hosted server’s `error`, which was always empty. */
export class NotifiedWaiter {
  @IsOf(() => Waiter)
  readonly waiter!: Waiter;

  /** Id of the wait in the run’s log. */
  @IsString()
  readonly messageId!: string;

  @Equals(false)
  readonly deduplicated!: false;

  @IsString()
  readonly workflowRunId!: string;

  /** When the run was created, in unix milliseconds. */
  @IsCount()
  readonly workflowCreatedAt!: number;
}
