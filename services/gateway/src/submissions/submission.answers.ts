import type { ErrorCode } from '@stepwell/core';
import { ERROR_CODES } from '@stepwell/core';
import { Equals, IsBoolean, IsIn, IsInt, IsOptional, IsString } from 'class-validator';
import { IsCount } from '../description/values';

/** A message of a run was taken. */
export class AcceptedItem {
  /** Its id in the run’s log. */
  @IsString()
  readonly messageId!: string;

  @IsString()
  readonly workflowRunId!: string;

  /** When the run was created, in unix milliseconds. */
  @IsCount()
  readonly workflowCreatedAt!: number;

  /** It was known already: the id is that of the first one. */
  @IsOptional()
  @Equals(true)
  readonly deduplicated?: true;
}

/** A run was started, or was there already. */
export class TriggeredRun {
  @IsString()
  readonly workflowRunId!: string;

  /** When the run was created, in unix milliseconds. */
  @IsCount()
  readonly workflowCreatedAt!: number;

  /** The run existed already. */
  @IsBoolean()
  readonly deduplicated!: boolean;
}

/** An item of a batch that was not taken, while others were. */
export class RefusedItem {
  /** A sentence for people. */
  @IsString()
  readonly error!: string;

  @IsIn(Object.keys(ERROR_CODES))
  readonly code!: ErrorCode;

  /** What the item alone would have been answered with. */
  @IsInt()
  readonly status!: number;
}
