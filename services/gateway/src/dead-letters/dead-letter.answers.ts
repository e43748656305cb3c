import { IsIn, IsOptional, IsString } from 'class-validator';
import { IsCount, IsHeaderLists, IsListOf, IsOf } from '../description/values';
import { ShownMessage } from '../messages/message.answers';
import { CALLBACK_STATES } from '../runs/run-log.answers';

/** A run by its id. */
export class NamedRun {
  @IsString()
  readonly workflowRunId!: string;

  /** When it was created, in unix milliseconds. */
  @IsCount()
  readonly workflowCreatedAt!: number;
}

export class TakenOverRuns {
  /** The new runs, in the order of the dead letters they go on from. */
  @IsListOf(() => NamedRun)
  readonly workflowRuns!: readonly NamedRun[];

  /** For the parameter `cursor`; absent at the end. */
  @IsOptional()
  @IsString()
  readonly cursor?: string;
}

export class DeletedLetters {
  @IsCount()
  readonly deleted!: number;

  /** For the parameter `cursor`; absent at the end. */
  @IsOptional()
  @IsString()
  readonly cursor?: string;
}

/** How the failure callback of a run fared. */
class FailureCallbackInfo {
  @IsIn(CALLBACK_STATES)
  readonly state!: (typeof CALLBACK_STATES)[number];

  /** Of its last answer. */
  @IsOptional()
  @IsCount()
  readonly responseStatus?: number;

  @IsOptional()
  @IsHeaderLists()
  readonly responseHeaders?: object;

  @IsOptional()
  @IsString()
  readonly responseBody?: string;
}

/** A failed run that nobody has deleted or taken up again: its start, and how it failed (protocol.md 12). */
export class DeadLetter extends ShownMessage {
  @IsString()
  readonly dlqId!: string;

  /** Of the answer that failed it; 0 if none came. */
  @IsCount()
  readonly responseStatus!: number;

  @IsHeaderLists()
  readonly responseHeader!: object;

  /** Where it is text. */
  @IsOptional()
  @IsString()
  readonly responseBody?: string;

  /** Where it is no text. */
  @IsOptional()
  @IsString()
  readonly responseBodyBase64?: string;

  /** Where the failure is delivered. */
  @IsOptional()
  @IsString()
  readonly failureCallback?: string;

  @IsOptional()
  @IsHeaderLists()
  readonly failureCallbackHeader?: object;

  @IsOptional()
  @IsOf(() => FailureCallbackInfo)
  readonly failureCallbackInfo?: FailureCallbackInfo;
}

export class DeadLetterPage {
  /** Newest failure first. */
  @IsListOf(() => DeadLetter)
  readonly messages!: readonly DeadLetter[];

  /** For the parameter `cursor` of the next page; absent at the end. */
  @IsOptional()
  @IsString()
  readonly cursor?: string;
}
