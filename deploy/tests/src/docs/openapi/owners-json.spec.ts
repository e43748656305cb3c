import type { BodyPlace, LogBodies, RunState } from '@stepwell/core';
import {
  assembleStepList,
  deadLetterOf,
  encodeStepEntry,
  evolve,
  headerLists,
  messageOf,
  runLogOf,
  runStream,
  stepKind,
} from '@stepwell/core';
import type { RunScenario } from '@stepwell/core/testing';
import { recordings } from '@stepwell/core/testing';
import { ApiReference } from '@stepwell/gateway/testing';

/*
 * What the owner of a run writes as JSON, and the gateway only passes on, against the reference of the API: every run that a golden
 * history was recorded from, after each of its entries.
 */

const reference = new ApiReference();

const faultsOf = (target: string, json: unknown): string[] =>
  reference.faultsOf({
    method: 'GET',
    target,
    status: 200,
    body: typeof json === 'string' ? json : JSON.stringify(json),
  });

describe.each(Object.entries(recordings))('%s', (_name, record) => {
  const run = record();
  const bodies = shownBodies(run);
  const shown = run.history.map(({ version }) => ({ version, state: stateAfter(run, version) }));

  it('is in the log as the reference says', () => {
    const faults = shown.flatMap(({ state }) =>
      faultsOf('/v2/workflows/logs', { cursor: '', runs: [runLogOf(state, bodies)] }),
    );
    expect(faults).toEqual([]);
  });

  it('has messages as the reference says', () => {
    const messages = shown.flatMap(({ state }) =>
      [...state.deliveries.keys(), ...state.waits.keys(), ...state.invokes.keys()].flatMap(
        (messageId) => messageOf(state, messageId, bodies) ?? [],
      ),
    );
    expect(messages.flatMap((message) => faultsOf('/v2/messages/msg_1', message))).toEqual([]);
    expect(messages.length).toBeGreaterThan(0);
  });

  it('is a dead letter as the reference says, if it is one', () => {
    const letters = shown.flatMap(({ state }) => deadLetterOf(state, bodies) ?? []);
    expect(letters.flatMap((letter) => faultsOf('/v2/workflows/dlq/dlq_1', letter))).toEqual([]);
    expect(letters.length > 0).toBe(shown.some(({ state }) => state.failure !== undefined));
  });

  it('has a step list as the reference says', () => {
    const list = assembleStepList(
      run.run.entries.map(({ messageId, place }) =>
        encodeStepEntry({ messageId, callType: 'step', body: bodies.bytes(place) ?? new Uint8Array() }),
      ),
    );
    expect(faultsOf('/v2/workflows/runs/wfr_1', Buffer.from(list).toString())).toEqual([]);
  });
});

it('what is not as the reference says would be noticed', () => {
  expect(faultsOf('/v2/workflows/logs', { cursor: '', runs: [{}] })).not.toEqual([]);
  expect(faultsOf('/v2/messages/msg_1', { messageId: 'msg_1' })).not.toEqual([]);
});

function stateAfter({ runId, history }: RunScenario, version: number): RunState {
  let state: RunState | undefined;
  for (const entry of history.slice(0, version)) ({ state } = evolve(state, { stream: runStream(runId), ...entry }));
  if (!state) throw new Error('there is no entry');
  return state;
}

/** As they lie in the history, shown as they are. */
function shownBodies({ history }: RunScenario): LogBodies {
  const bytes = ({ version, event, body }: BodyPlace): Uint8Array | undefined =>
    'inline' in body ? history[version - 1]?.events[event]?.bodies[body.inline] : undefined;
  return {
    bytes,
    field: (name, place) => (place ? { [name]: new TextDecoder().decode(bytes(place)) } : {}),
    value: (name, value) => (value === undefined ? {} : { [name]: value }),
    headers: headerLists,
    shown: (stepType, json) => stepKind(stepType).show(json),
  };
}
