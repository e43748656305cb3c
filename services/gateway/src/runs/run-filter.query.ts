import type { RunFilter } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { ListParameter, RepeatedParameter, TimeParameter } from '../http/query-values';

/** The filters that all lists of runs have in common (protocol.md 8.8, 11, 12): values of one are joined by "or", filters by "and". */
export class RunFilterQuery {
  @RepeatedParameter()
  readonly workflowUrl?: string[];

  @ListParameter()
  readonly label?: string[];

  @TimeParameter()
  readonly fromDate?: number;

  @TimeParameter()
  readonly toDate?: number;

  @RepeatedParameter()
  readonly callerIp?: string[];

  @RepeatedParameter()
  readonly flowControlKey?: string[];
}

/** Of the combinations of values, each a question of its own to the read model. */
const MOST_COMBINATIONS = 100;

/** One filter per combination of values: what any of them finds is meant. @throws Problem INVALID_QUERY */
export function filtersOf(query: RunFilterQuery): RunFilter[] {
  const { workflowUrl, label, fromDate, toDate, callerIp, flowControlKey } = query;
  const others = { ...present('labels', label), ...present('fromMs', fromDate), ...present('toMs', toDate) };
  const filters = each('workflowUrl', workflowUrl).flatMap((url) =>
    each('callerIp', callerIp).flatMap((ip) =>
      each('flowControlKey', flowControlKey).map((key): RunFilter => ({ ...others, ...url, ...ip, ...key })),
    ),
  );
  if (filters.length <= MOST_COMBINATIONS) return filters;
  throw new Problem('INVALID_QUERY', `at most ${MOST_COMBINATIONS} combinations of values are possible`);
}

/** For lists, whose pages follow one cursor. @throws Problem NOT_SUPPORTED */
export function filterOf(query: RunFilterQuery): RunFilter {
  const [filter, ...others] = filtersOf(query);
  if (filter !== undefined && others.length === 0) return filter;
  throw new Problem('NOT_SUPPORTED', 'several values of one filter, other than labels, are not supported here yet');
}

/** A property that is left out when there is no value. */
export const present = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } => (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };

const each = <Key extends string>(
  key: Key,
  values: readonly string[] | undefined,
): { readonly [K in Key]?: string }[] => (values === undefined ? [{}] : values.map((value) => present(key, value)));
