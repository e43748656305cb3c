import { IsIn, IsString } from 'class-validator';
import { IsCount, IsListOf } from '../description/values';
import { LoggedRun } from './run-log.answers';

export class CancelledRuns {
  /** How many ran until then. */
  @IsCount()
  readonly cancelled!: number;
}

/** An entry of a run’s message log. */
export class StepEntry {
  @IsString()
  readonly messageId!: string;

  /** Base64 of what was submitted: first the payload, then steps as JSON. */
  @IsString()
  readonly body!: string;

  @IsIn(['step', 'toCallback', 'fromCallback'])
  readonly callType!: string;
}

export class RunPage {
  /** For the parameter `cursor` of the next page; empty at the end. */
  @IsString()
  readonly cursor!: string;

  /** Newest first. */
  @IsListOf(() => LoggedRun)
  readonly runs!: readonly LoggedRun[];
}
