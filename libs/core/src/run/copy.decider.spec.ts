import { messageIds, RunScenario } from '../testing/run-scenario';
import { copiesOf, partsOf, resumed, successorOf } from '../testing/successor-scenario';
import { isWanted } from './attempt.decider';
import type { RunEvent } from './run.events';

/** Failed in its second branch, while the first waits and the third has invoked; taken over by `wfr_2`. */
function failed(): RunScenario {
  const run = new RunScenario();
  run.start({ retries: 0, failureCallback: { url: 'http://app/fail', forwards: [] } });
  run.record(1);
  const plans = messageIds(run.planBranches(2, [{ stepType: 'Wait' }, { stepType: 'Run' }, { stepType: 'Invoke' }]));
  run.wait(2, { step: { concurrent: 3 } });
  run.invoke(4, { step: { concurrent: 3 } });
  run.report(plans[1] ?? '', { status: 500 });
  run.takeOver('resume', {}, { successor: 'wfr_2' });
  return run;
}

/** The copy's first `count` parts of one event each, and all that there are. */
function halfway(count: number): { copy: RunScenario; parts: RunEvent[][]; source: RunScenario } {
  const source = failed();
  const events = copiesOf(source);
  const parts = partsOf(events, Array<number>(events.length).fill(1));
  const copy = successorOf(source);
  parts.slice(0, count).forEach((part, index) => copy.copyPart(index, 'wfr_1', part));
  return { copy, parts, source };
}

describe('a part of a copied log (12)', () => {
  it('is taken in its order: part p is version p + 1', () => {
    const { copy, parts } = halfway(0);
    parts.forEach((part, index) => {
      expect(copy.copyPart(index, 'wfr_1', part)).toEqual({ accepted: part, answer: {} });
      expect(copy.run.version).toBe(index + 1);
    });
    expect(copy.run.isCopying).toBeUndefined();
  });

  it('stays quiet when it is there, halfway or long after', () => {
    const { copy, parts } = halfway(4);
    for (const part of [0, 1, 3]) {
      expect(copy.copyPart(part, 'wfr_1', parts[part] ?? [])).toEqual({ accepted: [], answer: {} });
    }
    const whole = halfway(Infinity);
    whole.copy.record(3, { concurrent: 3 });
    whole.parts.forEach((part, index) => {
      expect(whole.copy.copyPart(index, 'wfr_1', part)).toEqual({ accepted: [], answer: {} });
    });
  });

  it('is refused when one before it is missing, and when the copy is whole', () => {
    const { copy, parts } = halfway(2);
    expect(copy.copyPart(3, 'wfr_1', parts[3] ?? [])).toMatchObject({ refused: 'INVALID_BODY' });
    expect(new RunScenario('wfr_2').copyPart(1, 'wfr_1', parts[1] ?? [])).toMatchObject({ refused: 'INVALID_BODY' });
    const whole = halfway(Infinity);
    const beyond = whole.copy.run.version;
    expect(whole.copy.copyPart(beyond, 'wfr_1', parts[2] ?? [])).toMatchObject({ refused: 'INVALID_BODY' });
  });

  it('is refused when it isn’t what it must be: nothing, or a beginning in the middle', () => {
    const { copy, parts } = halfway(1);
    expect(copy.copyPart(1, 'wfr_1', [])).toMatchObject({ refused: 'INVALID_BODY' });
    expect(copy.copyPart(1, 'wfr_1', parts[0] ?? [])).toMatchObject({ refused: 'INVALID_BODY' });
    expect(new RunScenario('wfr_2').copyPart(0, 'wfr_1', parts[1] ?? [])).toMatchObject({ refused: 'INVALID_BODY' });
  });

  it('is refused for a run that has this id already, or is the copy of another', () => {
    const { parts, copy } = halfway(1);
    const other = new RunScenario('wfr_2');
    other.start();
    expect(other.copyPart(0, 'wfr_1', parts[0] ?? [])).toMatchObject({ refused: 'INVALID_RUN_ID' });
    expect(copy.copyPart(1, 'wfr_9', parts[1] ?? [])).toMatchObject({ refused: 'INVALID_RUN_ID' });
  });
});

describe('a run whose log is being copied', () => {
  it('owes nothing, at no moment before it is whole', () => {
    const { copy, parts } = halfway(0);
    parts.slice(0, -1).forEach((part, index) => {
      copy.copyPart(index, 'wfr_1', part);
      expect(copy.run.isCopying).toBe(true);
      expect(copy.lastChanges).toEqual({ owed: [], settled: [] });
      expect([copy.run.owed.size, copy.run.tells.size]).toEqual([0, 0]);
    });
    copy.copyPart(parts.length - 1, 'wfr_1', parts.at(-1) ?? []);
    expect(copy.lastChanges.owed.map(({ effectId }) => effectId)).toEqual(
      copy.lastChanges.owed.map((_, k) => `run-wfr_2:${parts.length}:${k}`),
    );
    expect(copy.lastChanges.owed.length).toBeGreaterThan(3);
  });

  it('is changed by nobody else', () => {
    for (let count = 1; count < halfway(0).parts.length; count += 1) {
      const { copy, source } = halfway(count);
      const history = copy.history.length;
      const [wait = ''] = source.run.waits.keys();
      const [invoke = ''] = source.run.invokes.keys();
      expect(copy.record(9)).toMatchObject({ refused: 'RUN_ENDED' });
      expect(copy.wait(9)).toMatchObject({ refused: 'RUN_ENDED' });
      expect(copy.invoke(9)).toMatchObject({ refused: 'RUN_ENDED' });
      expect(copy.call(9)).toMatchObject({ refused: 'RUN_ENDED' });
      expect(copy.start()).toMatchObject({ accepted: [] });
      expect(copy.continueStart()).toMatchObject({ accepted: [] });
      expect(copy.finish('1')).toMatchObject({ accepted: [] });
      expect(copy.cancel()).toMatchObject({ refused: 'UNKNOWN_RUN' });
      expect(copy.openMailbox('e')).toMatchObject({ refused: 'UNKNOWN_RUN' });
      for (const { messageId } of copy.open()) {
        expect(copy.cancelMessage(messageId)).toMatchObject({ refused: 'UNKNOWN_MESSAGE' });
      }
      expect(copy.waitEnded(wait, 'x')).toMatchObject({ accepted: [], answer: { notYet: true } });
      expect(copy.childEnded(invoke, 'x')).toMatchObject({ accepted: [], answer: { notYet: true } });
      expect(copy.history).toHaveLength(history);
    }
  });

  it('takes no continued start either, where the library was asked', () => {
    const source = new RunScenario();
    source.start({ retries: 0 }, { restTrigger: 'ask' });
    source.report('msg_1', { status: 500 });
    source.takeOver('resume', {}, { successor: 'wfr_2' });
    const copy = successorOf(source);
    copy.copyPart(0, 'wfr_1', copiesOf(source).slice(0, 1));
    expect(copy.continueStart()).toMatchObject({ accepted: [] });
    copy.copyPart(1, 'wfr_1', copiesOf(source).slice(1));
    expect(copy.continueStart()).toMatchObject({ accepted: [{ type: 'StartContinued' }] });
  });

  it('is a run like any other once it is whole', () => {
    const source = failed();
    const copy = resumed(source);
    const [plan = ''] = copy.open().map(({ messageId }) => messageId);
    expect(isWanted(copy.run, { messageId: plan, attempt: 0 })).toBe(true);
    expect(copy.record(3, { concurrent: 3 })).toMatchObject({ accepted: [{ type: 'StepRecorded' }] });
    expect(copy.openMailbox('e')).toMatchObject({ accepted: [{ type: 'MailboxOpened' }] });
    expect(copy.cancel()).toMatchObject({ answer: { cancelled: true } });
  });
});
