import type { EventLog, LogEntry } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import { BodyReader } from '../bodies/body.reader';
import { runKey } from '../aggregates';
import { Stream, serializeEvent } from '../partition/stream';
import { readEntries } from './entries.query';

const NO_BLOBS = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
const tenure = { partition: 7 } as Parameters<typeof readEntries>[1];

/** A run of ten steps, folded, with nothing in memory but places; and which versions of its log were read. */
function tenSteps() {
  const scenario = new RunScenario();
  scenario.start();
  for (let step = 1; step <= 10; step += 1) scenario.record(step);
  const stream = new Stream(runKey(scenario.runId));
  const read: number[] = [];
  for (const { version, at, events } of scenario.history) stream.evolve(version, at, events);
  const log: Pick<EventLog, 'readStream'> = {
    async *readStream(partition, name, { fromVersion = 1, toVersion = Infinity } = {}) {
      for (const { version, at, events } of scenario.history) {
        if (version < fromVersion || version > toVersion) continue;
        read.push(version);
        const stored = events.map(serializeEvent);
        yield await Promise.resolve<LogEntry>({
          partition,
          n: version,
          stream: name,
          version,
          at,
          term: 1,
          events: stored,
          sum: '',
        });
      }
    },
  };
  return { stream, read, bodies: new BodyReader(log as EventLog, NO_BLOBS) };
}

describe('the entries a caller lacks (H5)', () => {
  it('are read as that range of the log alone, in order', async () => {
    const { stream, read, bodies } = tenSteps();
    const answer = await readEntries(bodies, tenure, stream, { from: 3, to: 5 });
    expect(answer.head).toMatchObject({ entries: [{ index: 3 }, { index: 4 }, { index: 5 }] });
    expect(answer.bodies.map((body) => JSON.parse(Buffer.from(body).toString()) as object)).toMatchObject([
      { stepId: 3 },
      { stepId: 4 },
      { stepId: 5 },
    ]);
    expect(read).toEqual([4, 5, 6]);
  });

  it('name a blob instead of carrying it, and count on with the bodies that are there', async () => {
    const { stream, bodies } = tenSteps();
    const second = stream.state?.entries[2];
    if (!stream.state || !second) throw new Error('not folded');
    const place = { ...second.place, body: { blob: 'abc', sizeBytes: 300_000 } };
    stream.state.entries[2] = { ...second, place };
    const { head, bodies: carried } = await readEntries(bodies, tenure, stream, { from: 1, to: 3 });
    expect(head).toMatchObject({
      entries: [
        { body: { inline: 0 } },
        { body: { blob: { sha256: 'abc', sizeBytes: 300_000 } } },
        { body: { inline: 1 } },
      ],
    });
    expect(carried).toHaveLength(2);
  });

  it('are refused for a run that was never started', async () => {
    const { bodies } = tenSteps();
    const { head } = await readEntries(bodies, tenure, new Stream(runKey('nobody')), { from: 0, to: 1 });
    expect(head).toEqual({ refused: 'UNKNOWN_RUN' });
  });
});
