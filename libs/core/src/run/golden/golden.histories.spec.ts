import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStream } from '../../messages/partition';
import type { RunScenario } from '../../testing/run-scenario';
import type { RunEvent } from '../run.events';
import { isRunEventType, RUN_EVENT_TYPES } from '../run.events';
import type { RunEntry } from '../run.evolver';
import { evolve } from '../run.evolver';
import type { RunState } from '../run.state';
import { recordings } from '../../testing/golden-recordings';

/*
 * Golden histories (L6): what a store of a released version holds must fold to the same for ever.
 *
 * 1. A history is never edited, and neither is what it folded to: `checksums.json` remembers the content of each file.
 * 2. To add one, add a recording (testing/golden-recordings.ts) under a new name and run this spec with UPDATE_GOLDEN=1. What exists is never
 *    written again, so that a change of the fold can't be blessed by accident; an old shape is upcast instead.
 */

const CHECKSUMS = 'checksums.json';
const pathOf = (file: string): string => join(__dirname, file);
const read = (file: string): string => readFileSync(pathOf(file), 'utf8');
/** Of the content: how the file is laid out doesn't matter. */
const checksum = (text: string): string =>
  createHash('sha256')
    .update(JSON.stringify(JSON.parse(text)))
    .digest('hex');

interface GoldenHistory {
  readonly runId: string;
  readonly entries: readonly {
    readonly version: number;
    readonly at: number;
    readonly events: readonly StoredEvent[];
  }[];
  /** What the state says after each entry. */
  readonly folded: readonly object[];
}

interface StoredEvent {
  readonly type: string;
  readonly data: unknown;
  /** Lengths of the bodies: their bytes mean nothing to the fold. */
  readonly bodyBytes: readonly number[];
}

/** What users, workers and timers notice of a state; its shape may change, this may not. */
function summaryOf(state: RunState): object {
  return {
    status: state.status,
    version: state.version,
    createdAt: state.createdAt,
    completedAt: state.completedAt,
    log: state.entries.map(({ messageId, step, place }) => [messageId, step?.stepId, step?.targetStep, place]),
    calls: [...state.calls].map(([messageId, { answer }]) => [messageId, answer?.result.status, answer?.body]),
    open: [...state.deliveries.values()].map(({ messageId, kind, url, attempt, retried, phase, owesFollowUp }) => ({
      ...{ messageId, kind, url, attempt, retried, phase, owesFollowUp },
    })),
    owed: [...state.owed],
    failures: [...state.failures].map(([messageId, failures]) => [
      messageId,
      failures.map(({ at, attempt, counted, nextAttemptAt, result }) => ({
        ...{ at, attempt, counted, nextAttemptAt, status: result.status, code: result.error?.code },
      })),
    ]),
    result: state.result,
    failure: state.failure && { messageId: state.failure.data.messageId, dlqId: state.failure.data.dlqId },
    failureCallback: state.failureCallback && { state: state.failureCallback.state },
    ...asked(state),
  };
}

/** Of what runs of before didn't have: absent there. */
function asked({ waits, invokes, mailboxes, isContinued, isCopying, deadLetterGone }: RunState): object {
  const some = <Each>(list: readonly Each[]): readonly Each[] | undefined => (list.length > 0 ? list : undefined);
  return {
    waits: some([...waits].map(([messageId, { at, data }]) => [messageId, at, data.eventId, data.deadlineAt])),
    invokes: some(
      [...invokes].map(([messageId, { at, data, childPlace }]) => [messageId, at, data.child.runId, childPlace]),
    ),
    mailboxes: some([...mailboxes]),
    isContinued,
    isCopying,
    deadLetterGone,
  };
}

function fold({ runId, entries }: Pick<GoldenHistory, 'runId' | 'entries'>): object[] {
  let state: RunState | undefined;
  return entries.map(({ version, at, events }) => {
    const entry: RunEntry = { stream: runStream(runId), version, at, events: events.map(eventOf) };
    state = evolve(state, entry).state;
    return asJson(summaryOf(state));
  });
}

function eventOf({ type, data }: StoredEvent): RunEvent {
  if (!isRunEventType(type)) throw new Error(`unknown event ${type}`);
  return { type, data, bodies: [] } as unknown as RunEvent;
}

const asJson = (value: object): object => JSON.parse(JSON.stringify(value)) as object;

function record(run: RunScenario): string {
  const entries = run.history.map(({ version, at, events }) => ({
    version,
    at,
    events: events.map(({ type, data, bodies }) => ({ type, data, bodyBytes: bodies.map((body) => body.byteLength) })),
  }));
  const history = JSON.parse(JSON.stringify({ runId: run.runId, entries })) as Pick<GoldenHistory, 'runId' | 'entries'>;
  return `${JSON.stringify({ ...history, folded: fold(history) }, null, 1)}\n`;
}

function addMissing(): void {
  const known = existsSync(pathOf(CHECKSUMS)) ? (JSON.parse(read(CHECKSUMS)) as Record<string, string>) : {};
  for (const [name, tell] of Object.entries(recordings)) {
    const file = `${name}.json`;
    if (file in known || existsSync(pathOf(file))) continue;
    const text = record(tell());
    writeFileSync(pathOf(file), text);
    known[file] = checksum(text);
  }
  writeFileSync(pathOf(CHECKSUMS), `${JSON.stringify(known, null, 2)}\n`);
}

if (process.env['UPDATE_GOLDEN'] === '1') addMissing();

const checksums = JSON.parse(read(CHECKSUMS)) as Readonly<Record<string, string>>;
const files = readdirSync(__dirname).filter((file) => file.endsWith('.json') && file !== CHECKSUMS);

describe('golden histories (L6)', () => {
  it('are all remembered, and all there', () => {
    expect(files.sort()).toEqual(Object.keys(checksums).sort());
    for (const name of Object.keys(recordings)) expect(files).toContain(`${name}.json`);
  });

  it('between them hold every event there is', () => {
    const types = new Set(files.flatMap((file) => eventsIn(file).map((event) => event.type)));
    expect([...types].sort()).toEqual(Object.keys(RUN_EVENT_TYPES).sort());
  });

  describe.each(files)('%s', (file) => {
    it('was not edited', () => {
      expect(checksum(read(file))).toBe(checksums[file]);
    });

    it('folds to what it always did, entry by entry', () => {
      const history = JSON.parse(read(file)) as GoldenHistory;
      expect(fold(history)).toEqual(history.folded);
    });
  });
});

function eventsIn(file: string): readonly StoredEvent[] {
  return (JSON.parse(read(file)) as GoldenHistory).entries.flatMap((entry) => entry.events);
}
