import type { ExplainRunAnswer, RunState } from '@stepwell/core';
import { explain, LISTED_REASONS } from '@stepwell/core';

/** What a run waits for, as it is answered: of very many branches the first. */
export function explanationOf(state: RunState): ExplainRunAnswer {
  const { reason, others = [] } = explain(state) ?? {};
  return {
    status: state.status,
    ...(reason ? { reason } : {}),
    others: others.slice(0, LISTED_REASONS),
    othersTotal: others.length,
  };
}
