import { IsArray, IsNumber, IsOptional, IsString } from 'class-validator';
import { IsCount, IsHeaderLists } from '../description/values';

/*
 * Messages of runs (protocol.md 13.2, 12). The owner of the run writes them as JSON; they are only passed on here.
 */

export class CancelledMessages {
  /** How many were there until then. */
  @IsCount()
  readonly cancelled!: number;
}

export class ShownMessage {
  @IsString()
  readonly messageId!: string;

  /** Where it is delivered. */
  @IsString()
  readonly url!: string;

  @IsString()
  readonly method!: string;

  /** That it is delivered with, besides the server’s own. */
  @IsHeaderLists()
  readonly header!: object;

  /** What was submitted, where it is text. */
  @IsOptional()
  @IsString()
  readonly body?: string;

  /** What was submitted, where it is no text. */
  @IsOptional()
  @IsString()
  readonly bodyBase64?: string;

  /** Not delivered before, in unix milliseconds; 0 = at once. */
  @IsCount()
  readonly notBefore!: number;

  /** Unix milliseconds. */
  @IsCount()
  readonly createdAt!: number;

  @IsCount()
  readonly maxRetries!: number;

  @IsOptional()
  @IsString()
  readonly retryDelayExpression?: string;

  @IsOptional()
  @IsString()
  readonly flowControlKey?: string;

  @IsOptional()
  @IsCount()
  readonly parallelism?: number;

  /** Deliveries in a period. */
  @IsOptional()
  @IsCount()
  readonly rate?: number;

  /** Seconds. */
  @IsOptional()
  @IsNumber()
  readonly period?: number;

  @IsString()
  readonly workflowRunId!: string;

  /** When the run was created, in unix milliseconds. */
  @IsCount()
  readonly workflowCreatedAt!: number;

  @IsString()
  readonly workflowUrl!: string;

  /** Who started the run. */
  @IsOptional()
  @IsString()
  readonly callerIP?: string;

  /** All labels, separated by commas. */
  @IsOptional()
  @IsString()
  readonly label?: string;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  readonly labels?: readonly string[];
}

/** A message that is still to be delivered. */
export class PendingMessage extends ShownMessage {
  /** Of a call: where the third party’s answer goes. */
  @IsOptional()
  @IsString()
  readonly callback?: string;

  /** Of a call: seconds. */
  @IsOptional()
  @IsNumber()
  readonly timeout?: number;

  /** Where the failure of the run is delivered. */
  @IsOptional()
  @IsString()
  readonly failureCallback?: string;
}
