import type { AnyOf, RunFilter } from '@stepwell/core';
import { ListParameter, RepeatedParameter, TimeParameter } from '../http/query-values';

/** The filters that all lists of runs have in common (protocol.md 8.8, 11, 12): values of one are joined by "or", filters by "and". */
export class RunFilterQuery {
  /** URL of the workflow. */
  @RepeatedParameter()
  readonly workflowUrl?: string[];

  /** Runs with one of these labels. */
  @ListParameter()
  readonly label?: string[];

  /** From then on, in unix milliseconds. */
  @TimeParameter()
  readonly fromDate?: number;

  /** Until then, in unix milliseconds. */
  @TimeParameter()
  readonly toDate?: number;

  /** Address that the run was started from. */
  @RepeatedParameter()
  readonly callerIp?: string[];

  /** Flow control key of the run. */
  @RepeatedParameter()
  readonly flowControlKey?: string[];
}

export function filterOf({
  workflowUrl,
  label,
  fromDate,
  toDate,
  callerIp,
  flowControlKey,
}: RunFilterQuery): RunFilter {
  return {
    ...present('workflowUrl', anyOf(workflowUrl)),
    ...present('labels', label),
    ...present('fromMs', fromDate),
    ...present('toMs', toDate),
    ...present('callerIp', anyOf(callerIp)),
    ...present('flowControlKey', anyOf(flowControlKey)),
  };
}

/** Where the workflow's URL points: of runs, not of dead letters. */
export const placeOf = ({
  host,
  path,
}: {
  readonly host?: readonly string[];
  readonly path?: readonly string[];
}): RunFilter => ({ ...present('host', anyOf(host)), ...present('path', anyOf(path)) });

/** A property that is left out when there is no value. */
export const present = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } => (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };

const anyOf = (values: readonly string[] | undefined): AnyOf<string> | undefined =>
  values?.length === 1 ? values[0] : values;
