import type { DescribedError, OperationDescription } from './described';

/** An operation of a route that is registered with the HTTP server itself, so that nothing but this says where it is. */
export interface LeanOperation extends OperationDescription<unknown> {
  readonly methods: readonly string[];
  /** As documented: `/v2/publish/{destination}`. */
  readonly path: string;
  /** Of success. */
  readonly status: number;
  /** Reached without a token. */
  readonly open?: true;
}

export const without = <Code extends DescribedError>(codes: readonly Code[], ...others: readonly Code[]): Code[] =>
  codes.filter((code) => !others.includes(code));
