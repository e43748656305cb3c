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
  const byMessage = new Map(
    waits.flatMap((wait) => (wait.step.requestId ? [[wait.step.requestId, wait] as const] : [])),
  );
  for (const notice of journal.notices) {
    if (notice.ackedMs === undefined) continue;
    judgeListed(notice, byMessage, violations);
    for (const wait of waits) judgeMissed(notice, notice.ackedMs, wait, notices, violations);
  }
  for (const look of journal.looks) {
    for (const wait of waits) judgeLook(look, wait, notices, witness, violations);
  }
}

function waitsOf(run: RunJournal, program: Program | undefined): Wait[] {
  return [...run.steps].flatMap(([stepId, step]) => {
    const planned = program && stepAt(program, stepId);
    if (planned?.form !== 'wait' || step.requestSentMs === undefined) return [];
    const { out, waitTimeout = false } = step.shown === undefined ? {} : (JSON.parse(step.shown) as Outcome);
    const nonce = out === undefined ? undefined : Buffer.from(out, 'base64').toString();
    const { eventId, timeoutMs } = planned;
    return [{ run, stepId, eventId, timeoutMs, step, nonce, timedOut: waitTimeout }];
  });
}

/** It got a notice of its event, and none that was over before it waited. */
function judgeWait(wait: Wait, notices: ReadonlyMap<string, NoticeJournal>, violations: Violations): void {
  const { nonce, eventId, step } = wait;
  if (nonce === undefined) return;
  const notice = notices.get(nonce);
  if (notice?.eventId !== eventId) {
    violations.report('events reach who waits', `${nameOf(wait)} got ${nonce}, which is no notice of ${eventId}`);
  } else if (notice.ackedMs !== undefined && notice.ackedMs < (step.requestSentMs ?? 0)) {
    violations.report('events reach who waits', `${nameOf(wait)} got ${nonce}, which was over before`);
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

/** Acknowledged before the notice was sent, and over by nothing but what came after it was answered. */
function judgeMissed(
  notice: NoticeJournal,
  ackedMs: number,
  wait: Wait,
  notices: ReadonlyMap<string, NoticeJournal>,
  violations: Violations,
): void {
  const { step, eventId, nonce } = wait;
  if (eventId !== notice.eventId || step.requestAckedMs === undefined || step.requestAckedMs > notice.sentMs) return;
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
