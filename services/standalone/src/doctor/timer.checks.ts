import type { MailboxState, RunState, TimerRow } from '@stepwell/core';
import { UnreadableStream } from '@stepwell/run-state';
import type { Examination } from './examination';
import { SAMPLE } from './examination';
import type { Finding } from './finding';
import { counted, fail, FIX, mended, ok, some, warn } from './finding';
import { foldedMailbox, foldedRun } from './folded';

/*
 * Timers against the log: one that nobody waits for is an orphan. It does no harm when it is due (whoever it asks knows nothing of it),
 * but until then it is in the way. What is due is the scheduler's business alone, and left to it.
 */

export async function timerFindings(examination: Examination): Promise<Finding[]> {
  const { store, isFull, fix, now, settle, graceMs } = examination;
  const seen: TimerRow[] = [];
  for await (const timer of store.everyTimer()) {
    seen.push(timer);
    if (!isFull && seen.length === SAMPLE) break;
  }
  const scope = isFull ? counted(seen.length, 'timer') : `a sample of ${counted(seen.length, 'timer')}`;
  const late = seen.filter(({ dueAt }) => dueAt < now() - graceMs);
  const found = late.length === 0 ? [] : [lateFinding(late, now())];
  let orphans = await orphansAmong(examination, seen);
  if (orphans.length > 0) {
    await settle();
    orphans = await orphansAmong(examination, await store.timersOf(orphans.map(({ id }) => id)));
  }
  if (orphans.length === 0) return [...found, ok('timers', `each of ${scope} is waited for`)];
  const ids = orphans.map(({ id }) => id);
  const text = `${counted(orphans.length, 'timer')} of ${scope} that nobody waits for: ${some(ids)}`;
  if (!fix) return [...found, warn('timers', text, FIX)];
  await store.timers.remove(ids);
  return [...found, mended('timers', `${text}; removed`)];
}

function lateFinding(late: readonly TimerRow[], nowMs: number): Finding {
  const latestMs = Math.max(...late.map(({ dueAt }) => nowMs - dueAt));
  const text = `${counted(late.length, 'timer')} due for up to ${Math.round(latestMs / 1_000)} s`;
  return fail(
    'timers',
    text,
    'start the scheduler, or look at its log: it asks run-state for each until it is answered',
  );
}

async function orphansAmong({ store }: Examination, timers: readonly TimerRow[]): Promise<TimerRow[]> {
  const runs = new Map<string, Promise<RunState | undefined>>();
  const mailboxes = new Map<string, Promise<MailboxState | undefined>>();
  const orphans: TimerRow[] = [];
  for (const timer of timers) {
    const { ask } = timer;
    try {
      const isWaited =
        'eventId' in ask
          ? isDeadline(await known(mailboxes, ask.eventId, () => foldedMailbox(store.log, ask.eventId)), ask.messageId)
          : isAttempt(await known(runs, ask.runId, () => foldedRun(store.log, ask.runId)), ask);
      if (!isWaited) orphans.push(timer);
    } catch (error) {
      // Nobody can say what it waits for: another check tells of it.
      if (!(error instanceof UnreadableStream)) throw error;
    }
  }
  return orphans;
}

function isAttempt(
  state: RunState | undefined,
  ask: { readonly messageId: string; readonly attempt: number },
): boolean {
  const delivery = state?.deliveries.get(ask.messageId);
  return typeof delivery?.phase === 'object' && delivery.attempt === ask.attempt;
}

const isDeadline = (state: MailboxState | undefined, messageId: string): boolean =>
  state?.seqByMessage.has(messageId) === true;

/** One fold for the timers of one stream, which lie side by side; bounded. */
async function known<State>(
  folds: Map<string, Promise<State>>,
  id: string,
  fold: () => Promise<State>,
): Promise<State> {
  const folding = folds.get(id) ?? fold();
  if (!folds.has(id)) {
    folds.clear();
    folds.set(id, folding);
  }
  return folding;
}
