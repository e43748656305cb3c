import { Inject, Injectable } from '@nestjs/common';
import type { Clock, ErrorCode, GiveUpSignal, TakeOver, TakeOverOverrides } from '@stepwell/core';
import { parseTakeOver, TAKE_OVER_PROBLEMS, toHeaderMap } from '@stepwell/core';
import { CLOCK, Problem } from '@stepwell/platform';
import type { FastifyRequest } from 'fastify';
import { GatewayConfig } from '../gateway.config';
import { headerPairs } from '../http/header-pairs';
import type { NamedRun, TakenOverRuns } from './dead-letter.answers';
import { DeadLetterAsks, found } from './dead-letter.asks';
import { DeadLetterFinder } from './dead-letter.finder';
import type { DeadLetterQuery } from './dead-letter.query';

/** What an endpoint over the desk may be answered with. */
export const TAKE_OVER_ERRORS = [
  ...TAKE_OVER_PROBLEMS,
  'UNKNOWN_DEAD_LETTER',
  'UNAVAILABLE',
] as const satisfies readonly ErrorCode[];

/**
 * Resume and restart (protocol.md 12): a new run goes on where a failed one ended, or from its beginning. Headers say what it is to do
 * differently.
 */
@Injectable()
export class TakeOverDesk {
  constructor(
    private readonly letters: DeadLetterAsks,
    private readonly finder: DeadLetterFinder,
    private readonly config: GatewayConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem UNKNOWN_DEAD_LETTER */
  async one(how: TakeOver, dlqId: string, request: FastifyRequest, hangUp: GiveUpSignal): Promise<NamedRun> {
    return found(await this.letters.takeOver(dlqId, how, this.overridesOf(request), hangUp));
  }

  /** Of the letters that are named at least one has to be there: the clients look at the first run alone. */
  async many(
    how: TakeOver,
    query: DeadLetterQuery,
    request: FastifyRequest,
    hangUp: GiveUpSignal,
  ): Promise<TakenOverRuns> {
    const limit = this.config.deadLetterBulkLimit;
    const { dlqIds, count = limit } = query;
    if (dlqIds !== undefined && dlqIds.length > limit) {
      throw new Problem('QUOTA_EXCEEDED', `at most ${limit} dead letters can be taken at a time, not ${dlqIds.length}`);
    }
    const overrides = this.overridesOf(request);
    const { results, cursor } = await this.finder.each(query, Math.min(count, limit), hangUp, (dlqId) =>
      this.letters.takeOver(dlqId, how, overrides, hangUp),
    );
    if (dlqIds !== undefined) found(results[0]);
    return { workflowRuns: results, ...(cursor === undefined ? {} : { cursor }) };
  }

  private overridesOf({ raw }: FastifyRequest): TakeOverOverrides {
    const context = { nowMs: this.clock.nowMs(), limits: this.config };
    const parsed = parseTakeOver(toHeaderMap(headerPairs(raw)), context);
    if (!parsed.ok) throw new Problem(parsed.problem.code, parsed.problem.message);
    return parsed.value;
  }
}
