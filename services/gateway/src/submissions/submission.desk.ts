import { Inject, Injectable } from '@nestjs/common';
import type { Clock, GiveUpSignal, ParsedSubmission, ReceivedItem, SubmissionContext, WaitInput } from '@stepwell/core';
import {
  asks,
  isRefused,
  message,
  parseSubmission,
  parseTrigger,
  parseWait,
  partitionOf,
  refusedForQueue,
  runStream,
  SubmissionList,
} from '@stepwell/core';
import { CLOCK, LOGGER, Problem, ProblemFilter, problemIn } from '@stepwell/platform';
import type { Logger } from 'pino';
import { FreshIds } from '../asking/fresh-ids';
import { PatientAsker } from '../asking/patient-asker';
import { GatewayConfig } from '../gateway.config';
import { StartGate } from './start.gate';
import type { AcceptedItem } from './submission.answers';

/*
 * Submissions to runs, from one request (protocol.md 2.4, 5.5, 7.3-7.6, 8.4, 8.7).
 *
 * 1. All items of one run are one ask: recorded together and in their order, or not at all. A plan of which only a part were
 *    recorded would never join, and the client doesn't look at the entries of a batch.
 * 2. Items of different runs don't know each other: they are asked in parallel and may end differently.
 * 3. Only starts are shed under load; what belongs to a live run never is (B4). A request is shed whole or not at all: who starts
 *    many runs at once doesn't look for the few that weren't.
 * 4. Ids are made once per request, so that an ask that is repeated is recognised (B3).
 */

export type ItemOutcome = AcceptedItem | Problem;

/** A parsed item; `body` is what came with it. */
interface Submitted {
  readonly parsed: ParsedSubmission;
  readonly body: string | Uint8Array;
}

interface RunItems {
  readonly runId: string;
  /** Where the items stand in the request. */
  readonly places: number[];
  readonly list: SubmissionList;
  problem: Problem | undefined;
}

@Injectable()
export class SubmissionDesk {
  constructor(
    private readonly asker: PatientAsker,
    private readonly starts: StartGate,
    private readonly config: GatewayConfig,
    private readonly problems: ProblemFilter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly ids: FreshIds,
  ) {}

  /** One outcome per item, in their order. */
  submit(items: readonly ReceivedItem[], callerIp: string, hangUp: GiveUpSignal): Promise<ItemOutcome[]> {
    const context = this.contextOf(callerIp);
    return this.record(
      items.map((item) => ({ parsed: refusedForQueue(item) ?? parseSubmission(item, context), body: item.body })),
      hangUp,
    );
  }

  /** Starts by callers that leave the protocol's headers to us (5.5). */
  trigger(items: readonly ReceivedItem[], callerIp: string, hangUp: GiveUpSignal): Promise<ItemOutcome[]> {
    const context = this.contextOf(callerIp);
    return this.record(
      items.map((item) => ({
        parsed: refusedForQueue(item) ?? parseTrigger(item, context, this.ids.run()),
        body: item.body,
      })),
      hangUp,
    );
  }

  /** A run begins to wait (8.4). */
  async wait(wait: WaitInput, callerIp: string, hangUp: GiveUpSignal): Promise<ItemOutcome> {
    const submitted = { parsed: parseWait(wait, this.contextOf(callerIp)), body: wait.body };
    const [outcome] = await this.record([submitted], hangUp);
    return outcome ?? new Problem('INTERNAL');
  }

  private async record(items: readonly Submitted[], hangUp: GiveUpSignal): Promise<ItemOutcome[]> {
    const outcomes = items.map((): ItemOutcome | undefined => undefined);
    const runs = runsOf(items, outcomes);
    await this.admitted(runs, hangUp, async (refusal) => {
      const [only] = runs;
      if (only !== undefined && runs.length === 1) await this.recordRun(only, outcomes, hangUp, refusal);
      else await Promise.all(runs.map((run) => this.recordRun(run, outcomes, hangUp, refusal)));
    });
    return outcomes.map((outcome) => outcome ?? new Problem('INTERNAL'));
  }

  /** Never rejects. */
  private async recordRun(
    run: RunItems,
    outcomes: (ItemOutcome | undefined)[],
    hangUp: GiveUpSignal,
    refusal: Problem | undefined,
  ): Promise<void> {
    run.problem ??= refusal;
    const results = await this.submitRun(run, hangUp);
    run.places.forEach((place, index) => {
      outcomes[place] = results instanceof Problem ? results : results[index];
    });
  }

  /** Does the work when it is its turn, or with why it must not begin. */
  private admitted(
    runs: readonly RunItems[],
    hangUp: GiveUpSignal,
    work: (refusal?: Problem) => Promise<void>,
  ): Promise<void> {
    const first = runs.find(({ list }) => list.submissions.length > 0)?.list.submissions[0];
    if (first === undefined || !runs.every(isNew)) return work();
    return this.starts
      .run(first.workflowUrl, work, hangUp)
      .catch((error: unknown) => work(problemIn(error) ?? this.problems.unforeseen(error)));
  }

  private contextOf(callerIp: string): SubmissionContext {
    const messageIdIn = (runId: string): string => this.ids.message(runId);
    return { messageIdIn, callerIp, nowMs: this.clock.nowMs(), limits: this.config };
  }

  /** The answers to a run's items, or why none was recorded. */
  private async submitRun(run: RunItems, hangUp: GiveUpSignal): Promise<AcceptedItem[] | Problem> {
    const { runId } = run;
    const { submissions, bodies } = run.list;
    if (run.problem !== undefined) return this.refused(runId, run.problem);
    try {
      const request = { runId, askId: this.ids.request(), items: submissions };
      const partition = partitionOf(runStream(runId));
      const { head } = await this.asker.ask(asks.Submit, { partition }, message(request, bodies), hangUp);
      if (isRefused(head)) return this.refused(runId, refusalOf(head.refused, head.message));
      return head.items.map(({ messageId, deduplicated }) => ({
        messageId,
        workflowRunId: runId,
        workflowCreatedAt: head.runCreatedAt,
        ...(deduplicated ? { deduplicated } : {}),
      }));
    } catch (error) {
      const problem = problemIn(error) ?? this.problems.unforeseen(error);
      this.logger.warn({ runId, code: problem.code, problem: problem.message }, 'a submission got no answer');
      return problem;
    }
  }

  private refused(runId: string, problem: Problem): Problem {
    this.logger.debug({ runId, code: problem.code, problem: problem.message }, 'a submission was refused');
    return problem;
  }
}

/** The items by their runs; an item that names none has its outcome. */
function runsOf(items: readonly Submitted[], outcomes: (ItemOutcome | undefined)[]): RunItems[] {
  const runs = new Map<string, RunItems>();
  items.forEach(({ parsed, body }, place) => {
    const problem = parsed.ok ? undefined : new Problem(parsed.problem.code, parsed.problem.message);
    const { runId } = parsed;
    if (runId === undefined) {
      outcomes[place] = problem;
      return;
    }
    const run = runs.get(runId) ?? { runId, places: [], list: new SubmissionList(), problem };
    runs.set(runId, run);
    run.places.push(place);
    if (parsed.ok) run.list.add(parsed, body);
    run.problem ??= problem;
  });
  return [...runs.values()];
}

/** Begun by this, and nobody waits for it yet. */
const isNew = ({ list }: RunItems): boolean =>
  list.submissions.every((submission) => submission.kind === 'start' && submission.bySdk !== true);

/** To a submission, an unknown run is an ended one: the client takes 400 for that and stops (protocol.md 7.4). */
function refusalOf(code: Problem['code'], text: string | undefined): Problem {
  return new Problem(code, text, code === 'UNKNOWN_RUN' ? { status: 400 } : {});
}
