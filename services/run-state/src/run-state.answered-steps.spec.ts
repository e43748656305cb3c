import { runStream } from '@stepwell/core';
import { LogTruth } from './testing/log-truth';
import { partitionOfRun, RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';

/*
 * Deliveries that are answered with what their endpoint submits, over run-state as it is composed: one document each, whatever is
 * repeated, and whoever dies.
 */

const utf8 = new TextEncoder();
const RUN = 'wfr_1';
const START = `msg_${RUN}`;

describe('an answer with steps', () => {
  let world: RunStateWorld;
  let member: Member;
  let run: RunClient;

  beforeEach(async () => {
    world = await new RunStateWorld({ leaseMs: 200 }).open();
    member = await world.member('one');
    await world.settled(member);
    run = new RunClient(world.client, RUN);
  });
  afterEach(() => world.close());

  /** The types of the run's events, by document. */
  const documents = (): string[][] =>
    [...(world.data.entries.get(partitionOfRun(RUN))?.values() ?? [])]
      .filter(({ stream }) => stream === runStream(RUN))
      .map(({ events }) => events.map(({ type }) => type));
  const truth = () => new LogTruth(world.data).run(RUN);

  it('is one document, and what follows is delivered', async () => {
    await run.start();
    await run.answer(START, [1]);
    await until(() => world.delivered.length === 2);
    expect(world.delivered.map(({ messageId, takesSteps }) => [messageId, takesSteps])).toEqual([
      [START, true],
      [`msg_${RUN}_1`, true],
    ]);
    await run.answer(`msg_${RUN}_1`, [2], { result: utf8.encode('"done"') });
    expect(documents()).toEqual([['RunStarted'], ['StepRecorded'], ['StepRecorded', 'RunFinished']]);
    expect(await run.log()).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"done"' });
  });

  it('is recorded once, however often it is told and whatever came after it', async () => {
    await run.start();
    await Promise.all([run.answer(START, [1]), run.answer(START, [1]), run.answer(START, [1])]);
    await run.step(2);
    await run.answer(START, [1]);
    await run.finish();
    await run.answer(START, [1]);
    await run.answer(`msg_${RUN}_2`, [3]);
    expect(documents()).toEqual([['RunStarted'], ['StepRecorded'], ['StepRecorded'], ['RunFinished']]);
    expect(truth()?.deliveries.size).toBe(0);
  });

  it('of an attempt that was given up says nothing any more', async () => {
    await run.start();
    await run.report(START, { error: { code: 'DELIVERY_TIMEOUT', message: 'too slow' } });
    await run.answer(START, [1]);
    expect(documents()).toEqual([['RunStarted'], ['AttemptFailed']]);
    expect(await run.isWanted(START, 1)).toBe(false);
  });

  it('has large bodies, which are written before it', async () => {
    await run.start();
    const large = Buffer.alloc(300 * 1024, 'x');
    await run.answer(START, [1], { body: large, result: Buffer.alloc(700 * 1024, 'y') });
    const [, entry] = truth()?.entries ?? [];
    expect(entry?.place.body).toMatchObject({ blob: expect.any(String), sizeBytes: large.byteLength });
    expect(truth()?.result?.body).toMatchObject({ blob: expect.any(String), sizeBytes: 700 * 1024 });
    expect(world.data.blobs.size).toBe(2);
  });

  it('that submits nothing which completes it leaves nothing behind but a failed attempt', async () => {
    await run.start();
    await run.answer(START, [7], { body: Buffer.alloc(300 * 1024, 'x') });
    expect(documents()).toEqual([['RunStarted'], ['AttemptFailed']]);
    expect(world.data.blobs.size).toBe(0);
    const failures = truth()?.failures.get(START);
    expect(failures).toMatchObject([{ counted: true, result: { error: { code: 'NOTHING_FOLLOWED' } } }]);
  });

  it('that fits into no document is a failed attempt', async () => {
    await run.start();
    const forwards = Array.from({ length: 5_000 }, (_, index) => [`x-${index}`, 'y'.repeat(1_000)] as const);
    await run.answer(START, [1], { item: { forwards } });
    expect(documents()).toEqual([['RunStarted'], ['AttemptFailed']]);
    expect(truth()?.failures.get(START)).toMatchObject([{ result: { error: { code: 'BODY_TOO_LARGE' } } }]);
  });

  it('is recorded once when its owner dies between the write and the answer', async () => {
    await run.start();
    const entries = world.data.entries.get(partitionOfRun(RUN))!;
    const write = entries.set.bind(entries);
    entries.set = (position, entry) => {
      if (entry.stream === runStream(RUN)) member.kill();
      return write(position, entry);
    };
    const answered = run.answer(START, [1]);
    await until(() => documents().length === 2);
    const two = await world.member('two');
    await answered;
    await world.settled(two);
    expect(documents()).toEqual([['RunStarted'], ['StepRecorded']]);
    await until(() => world.delivered.some(({ messageId }) => messageId === `msg_${RUN}_1`));
  });
});
