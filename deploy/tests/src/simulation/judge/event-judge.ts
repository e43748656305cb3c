import type { Program } from '../app/program';
import { stepAt } from '../app/program';
import { LAG_MS } from './judge';
import type { Journal, LookJournal, NoticeJournal, RunJournal, StepJournal } from './journal';
import type { LogWitness } from './log-witness';
import type { Violations } from './violations';

interface Wait {
  readonly run: RunJournal;
  readonly stepId: number;
  readonly eventId: string;
  readonly timeoutMs: number;
  readonly step: StepJournal;
  /** Of the notice that ended it; undefined = time-out, or nobody has seen its end. */
  readonly nonce: string | undefined;
  readonly timedOut: boolean;
}

interface Around {
  readonly journal: Journal;
  readonly programs: readonly Program[];
  readonly witness: LogWitness;
}

interface Outcome {
  readonly out?: string;
  readonly waitTimeout?: boolean;
}

/** Events and who waited for them (protocol.md 8.4, 8.5), at the end, by what the application saw. */
export function judgeEvents(
  journal: Journal,
  programs: readonly Program[],
  witness: LogWitness,
  violations: Violations,
): void {
  const waits = [...journal.runs.values()].flatMap((run) => waitsOf(run, programs[run.program]));
  const notices = new Map(journal.notices.map((notice) => [notice.nonce, notice]));
  for (const wait of waits) judgeWait(wait, notices, violations);
  for (const notice of journal.notices) judgeSpent(notice, waits, violations);
  const byMessage = new Map(
    waits.flatMap((wait) => (wait.step.requestId ? [[wait.step.requestId, wait] as const] : [])),
  );
  for (const notice of journal.notices) {
    if (notice.ackedMs === undefined) continue;
    judgeListed(notice, byMessage, violations);
    const isSpent = notice.runId !== undefined && wasSpent(notice, { journal, programs, witness });
    for (const wait of waits) {
      // What is kept for a run goes to its waits in turn.
      if (notice.runId !== undefined && (notice.runId !== wait.run.runId || isSpent)) continue;
      judgeMissed(notice, notice.ackedMs, wait, notices, violations);
    }
  }
  for (const look of journal.looks) {
    for (const wait of waits) judgeLook(look, wait, notices, witness, violations);
  }
}

const outcomeIn = (shown = '{}'): Outcome => JSON.parse(shown) as Outcome;

function nonceIn(shown: string | undefined): string | undefined {
  const { out } = outcomeIn(shown);
  return out === undefined ? undefined : Buffer.from(out, 'base64').toString();
}

function waitsOf(run: RunJournal, program: Program | undefined): Wait[] {
  return [...run.steps].flatMap(([stepId, step]) => {
    const planned = program && stepAt(program, stepId);
    if (planned?.form !== 'wait' || step.requestSentMs === undefined) return [];
    const nonce = nonceIn(step.shown);
    const { waitTimeout = false } = outcomeIn(step.shown);
    const { eventId, timeoutMs } = planned;
    return [{ run, stepId, eventId, timeoutMs, step, nonce, timedOut: waitTimeout }];
  });
}

/** What was said to one run ended one of its waits, or may have: nobody saw how that ended, or it was the wait of the run it resumes. */
function wasSpent({ eventId, nonce, runId = '' }: NoticeJournal, around: Around): boolean {
  const run = around.journal.runs.get(runId);
  const blocks = (run && around.programs[run.program]?.blocks) ?? [];
  return blocks.flat().some((planned, index) => {
    if (planned.form !== 'wait' || planned.eventId !== eventId) return false;
    const { shown, requestSentMs } = run?.steps.get(index + 1) ?? {};
    if (shown !== undefined) return nonceIn(shown) === nonce;
    return requestSentMs !== undefined || around.witness.predecessorOf(runId)?.isResumed === true;
  });
}

/** It got a notice of its event and for it, and none that was over before it waited but one that was kept. */
function judgeWait(wait: Wait, notices: ReadonlyMap<string, NoticeJournal>, violations: Violations): void {
  const { nonce, eventId, step } = wait;
  if (nonce === undefined) return;
  const notice = notices.get(nonce);
  const isForAll = notice?.runId === undefined;
  if (notice?.eventId !== eventId || !(isForAll || notice.runId === wait.run.runId)) {
    violations.report(
      'events reach who waits',
      `${nameOf(wait)} got ${nonce}, which is no notice of ${eventId} for it`,
    );
  } else if (isForAll && notice.ackedMs !== undefined && notice.ackedMs < (step.requestSentMs ?? 0)) {
    violations.report('events reach who waits', `${nameOf(wait)} got ${nonce}, which was over before`);
  }
}

/** What was said to one run ends one of its waits. */
function judgeSpent({ nonce, runId }: NoticeJournal, waits: readonly Wait[], violations: Violations): void {
  const ended = runId === undefined ? [] : waits.filter((wait) => wait.nonce === nonce);
  if (ended.length > 1) {
    violations.report('events reach who waits', `${nonce} ended ${ended.map(nameOf).join(' and ')}`);
  }
}

function judgeListed(notice: NoticeJournal, waits: ReadonlyMap<string, Wait>, violations: Violations): void {
  const seen = new Set<string>();
  for (const { runId, messageId } of notice.listed) {
    if (seen.has(messageId)) violations.report('who is listed has it', `${notice.nonce} lists ${messageId} twice`);
    seen.add(messageId);
    const wait = waits.get(messageId);
    // The run may have ended before anybody looked.
    if (wait?.step.shown === undefined) continue;
    if (wait.nonce !== notice.nonce) {
      const got = wait.nonce ?? 'a time-out';
      violations.report('who is listed has it', `${messageId} of ${runId} is listed by ${notice.nonce} and got ${got}`);
    }
  }
}

/** Acknowledged before the notice was sent, if that is not kept for it, and over by nothing but what came after it was answered. */
function judgeMissed(
  notice: NoticeJournal,
  ackedMs: number,
  wait: Wait,
  notices: ReadonlyMap<string, NoticeJournal>,
  violations: Violations,
): void {
  const { step, eventId, nonce } = wait;
  if (eventId !== notice.eventId || step.requestAckedMs === undefined) return;
  if (notice.runId === undefined && step.requestAckedMs > notice.sentMs) return;
  if (nonce === notice.nonce || step.shown === undefined) return;
  if (isOverAfter(ackedMs, wait, notices)) {
    violations.report(
      'events reach who waits',
      `${nameOf(wait)} missed ${notice.nonce}, and got ${nonce ?? 'a time-out'}`,
    );
  }
}

/** The wait was ended by nothing that had begun by then. */
function isOverAfter(
  atMs: number,
  { nonce, timedOut, step, timeoutMs }: Wait,
  notices: ReadonlyMap<string, NoticeJournal>,
): boolean {
  const byLaterNotice = nonce !== undefined && (notices.get(nonce)?.sentMs ?? 0) > atMs;
  return byLaterNotice || (timedOut && (step.requestSentMs ?? 0) + timeoutMs - LAG_MS > atMs);
}

/** Who looked was shown every wait that was acknowledged before and over after. */
function judgeLook(
  { eventId, askedMs, answeredMs, listed }: LookJournal,
  wait: Wait,
  notices: ReadonlyMap<string, NoticeJournal>,
  witness: LogWitness,
  violations: Violations,
): void {
  const { requestAckedMs, requestId } = wait.step;
  if (wait.eventId !== eventId || requestAckedMs === undefined || requestAckedMs > askedMs) return;
  if (witness.endedMs(wait.run.runId) < answeredMs || !isOverAfter(answeredMs, wait, notices)) return;
  if (requestId !== undefined && !listed.has(requestId)) {
    const times = [requestAckedMs, askedMs, answeredMs].map(Math.round).join(' ');
    const text = `${nameOf(wait)} waited for ${eventId}, and was not shown (acknowledged, asked, answered: ${times})`;
    violations.report('a read is of now', text);
  }
}

const nameOf = ({ run, stepId }: Wait): string => `step ${stepId} of ${run.runId}`;
