import type { BodyPlace, EntryHead } from '@stepwell/core';
import { sliceBytes } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import { BodyReader } from '../bodies/body.reader';
import { runKey } from '../aggregates';
import { Stream } from '../partition/stream';
import { IncompleteState } from './for-good';
import { ItemBuilder } from './item.builder';

const LIMIT_BYTES = 16 * 1024;
const NOTHING = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
const emptyLog = { readStream: async function* () {} } as unknown as ConstructorParameters<typeof BodyReader>[0];
const builder = new ItemBuilder(new BodyReader(emptyLog, NOTHING), {
  deliveryTimeoutMs: 1_000,
  callTimeoutMs: 2_000,
  lazyBodyBytes: 0,
});
const tenure = { partition: 7 } as Parameters<ItemBuilder['step']>[0];

/** The run's stream as the host holds it right after it appended everything. */
function streamOf(scenario: RunScenario): Stream<'run'> {
  const stream = new Stream(runKey(scenario.runId));
  for (const { version, at, events } of scenario.history) {
    stream.recent.add(version, events);
    stream.evolve(version, at, events);
  }
  return stream;
}

function itemOf(scenario: RunScenario, messageId: string) {
  const stream = streamOf(scenario);
  const delivery = stream.state?.deliveries.get(messageId);
  if (!stream.state || !delivery) throw new Error(`${messageId} is not open`);
  return { stream, state: stream.state, delivery };
}

function stepItem(scenario: RunScenario, by = builder) {
  const { stream, state, delivery } = itemOf(scenario, scenario.open().at(-1)?.messageId ?? '');
  return by.step(tenure, stream, state, delivery);
}

const record = (
  scenario: RunScenario,
  stepId: number,
  body: Uint8Array | { blob: string; sizeBytes: number },
  announced?: readonly string[],
): void => {
  const step = { stepId, stepName: 's', stepType: 'Run', concurrent: 1 };
  const [start] = scenario.run.entries;
  if (!start) throw new Error('not started');
  const { destination, workflowUrl, method, forwards } = start.data;
  const features = announced ?? start.data.features;
  const common = {
    destination,
    workflowUrl,
    method,
    forwards,
    features,
    config: { forwards: [], labels: [] },
    body: 0,
  };
  scenario.submit([{ ...common, kind: 'step', messageId: `step_${stepId}`, step }], [body]);
};

const indexes = (tail: readonly EntryHead[]): number[] => tail.map(({ index }) => index);

describe('the item of a step delivery (H5)', () => {
  it('carries its own entry and those before it, oldest first, the whole slice by number', () => {
    const scenario = new RunScenario();
    scenario.start();
    record(scenario, 1, Buffer.from('one'));
    const { head, bodies } = stepItem(scenario);
    expect(head).toMatchObject({ partition: 7, messageId: 'step_1', attempt: 0, kind: 'step', timeoutMs: 1_000 });
    expect(head.segments[1]).toEqual({ entries: { from: 0, to: 1 } });
    expect(indexes(head.tail)).toEqual([0, 1]);
    const [, own] = head.tail;
    expect(own && 'inline' in own.body && Buffer.from(bodies[own.body.inline] ?? []).toString()).toBe('one');
  });

  it('stays below 16 KiB, however many and however small the entries', () => {
    for (const bytes of [1, 50, 5_000]) {
      const scenario = new RunScenario();
      scenario.start();
      for (let step = 1; step <= 500; step += 1) record(scenario, step, Buffer.alloc(bytes));
      const { head, bodies } = stepItem(scenario);
      expect(indexes(head.tail).at(-1)).toBe(500);
      expect(bodies.reduce((sum, body) => sum + body.byteLength, 0)).toBeLessThanOrEqual(LIMIT_BYTES);
      expect(JSON.stringify(head.tail).length).toBeLessThanOrEqual(1.5 * LIMIT_BYTES);
    }
  });

  it('has no gap: nothing before an entry that is not in memory', () => {
    const scenario = new RunScenario();
    scenario.start();
    record(scenario, 1, Buffer.alloc(LIMIT_BYTES + 1));
    record(scenario, 2, Buffer.from('two'));
    expect(indexes(stepItem(scenario).head.tail)).toEqual([2]);
  });

  it('names blobs, and not endlessly many', () => {
    const scenario = new RunScenario();
    scenario.start();
    for (let step = 1; step <= 500; step += 1) record(scenario, step, { blob: 'b'.repeat(64), sizeBytes: 300_000 });
    const { tail } = stepItem(scenario).head;
    expect(tail.at(-1)?.body).toEqual({ blob: { sha256: 'b'.repeat(64), sizeBytes: 300_000 } });
    expect(tail.length).toBeLessThan(200);
  });

  it('is sent without a tail when nothing is in memory: after a take-over', () => {
    const scenario = new RunScenario();
    scenario.start();
    const { state, delivery } = itemOf(scenario, 'msg_1');
    expect(builder.step(tenure, new Stream(runKey('wfr_1')), state, delivery).head.tail).toEqual([]);
  });
});

describe('a step list that is left out (7.5)', () => {
  const lazy = new ItemBuilder(new BodyReader(emptyLog, NOTHING), {
    deliveryTimeoutMs: 1_000,
    callTimeoutMs: 2_000,
    lazyBodyBytes: 10_000,
  });
  const JAVASCRIPT = ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'];
  const PYTHON = ['LazyFetch', 'InitialBody', 'WF_DetectTrigger'];
  const started = (features: readonly string[], bytes: number): RunScenario => {
    const scenario = new RunScenario();
    scenario.start();
    record(scenario, 1, Buffer.alloc(bytes), features);
    return scenario;
  };
  const segmentsOf = (scenario: RunScenario): number => {
    const { stream, state, delivery } = itemOf(scenario, 'step_1');
    const { head, bodies } = lazy.step(tenure, stream, state, delivery);
    expect(head.segments.length > 0 || (head.tail.length === 0 && bodies.length === 0)).toBe(true);
    return head.segments.length;
  };

  it('is sent up to the limit, and left out above it', () => {
    const seen = new Set<boolean>();
    for (let bytes = 7_200; bytes <= 7_500; bytes += 10) {
      const scenario = started(JAVASCRIPT, bytes);
      const isSent = segmentsOf(scenario) > 0;
      expect(isSent).toBe(sliceBytes(scenario.run, 1) <= 10_000);
      seen.add(isSent);
    }
    expect(seen.size).toBe(2);
  });

  it.each([[PYTHON], [['WF_TriggerOnConfig']]])('is sent to a client that announces %p', (features) => {
    expect(segmentsOf(started(features, 100_000))).toBe(3);
  });

  it('is never a callback’s or a failure callback’s', async () => {
    const scenario = started(JAVASCRIPT, 100_000);
    scenario.report('step_1', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    expect(scenario.open()).toEqual([]);
    const failing = new RunScenario();
    failing.start({ failureCallback: { url: 'http://app/failed', forwards: [] } }, { features: JAVASCRIPT });
    record(failing, 1, Buffer.alloc(100_000));
    failing.report('step_1', { status: 489, headers: [['upstash-nonretryable-error', 'true']] });
    const { stream, state, delivery } = itemOf(failing, failing.open()[0]?.messageId ?? '');
    const { head } = await lazy.callback(tenure, stream, state, delivery);
    expect([head.kind, head.segments.length > 1]).toEqual(['failure', true]);
  });
});

describe('items that need more than the state has', () => {
  it('are an IncompleteState, which no repetition mends', async () => {
    const scenario = new RunScenario();
    scenario.start();
    const { stream, state, delivery } = itemOf(scenario, 'msg_1');
    await expect(builder.callOut(tenure, stream, state, delivery)).rejects.toThrow(IncompleteState);
    const callback = { ...delivery, kind: 'callback' as const };
    await expect(builder.callback(tenure, stream, state, callback)).rejects.toThrow(IncompleteState);
    const failure = { ...delivery, kind: 'failure' as const };
    await expect(builder.callback(tenure, stream, state, failure)).rejects.toThrow(IncompleteState);
  });

  it('are BodyMissing when the log lacks what the state names', async () => {
    const reader = new BodyReader(emptyLog, NOTHING);
    const place: BodyPlace = { version: 1, event: 0, body: { inline: 0, sizeBytes: 1 } };
    const named: BodyPlace = { ...place, body: { blob: 'x', sizeBytes: 1 } };
    for (const each of [place, named])
      await expect(reader.bytes(tenure, new Stream(runKey('1')), each)).rejects.toMatchObject({
        name: 'BodyMissing',
      });
  });
});
