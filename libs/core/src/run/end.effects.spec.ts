import { messageIds, RunScenario } from '../testing/run-scenario';

/*
 * Whom a run's end is told (architecture.md section 4): the mailboxes that know of it, and whoever invoked it.
 */

const FATAL = { status: 489, headers: [['upstash-nonretryable-error', 'true']] as const };
const INVOKER = {
  ...{ runId: 'wfr_parent', workflowUrl: 'http://app/parent', runCreatedAt: 900_000 },
  ...{ messageId: 'msg_i.wfr_parent', startedAt: 950_000 },
};

const ENDS = [
  ['finished', (run: RunScenario) => run.finish('1')],
  ['failed', (run: RunScenario) => run.report(run.open()[0]?.messageId ?? '', FATAL)],
  ['cancelled', (run: RunScenario) => run.cancel()],
] as const;

/** Invoked; waits twice for one event and once for another, has been called by a hook, and runs a branch. */
function busy(): RunScenario {
  const run = new RunScenario();
  run.start({}, {}, 'ask', { invoker: INVOKER });
  run.openMailbox('hook');
  run.planBranches(
    1,
    ['Run', 'Wait', 'Wait', 'Wait', 'Invoke'].map((stepType) => ({ stepType })),
  );
  run.wait(2, { eventId: 'a', step: { concurrent: 5 } });
  run.wait(3, { eventId: 'b', step: { concurrent: 5 } });
  const [third = ''] = messageIds(run.wait(4, { eventId: 'a', step: { concurrent: 5 } }));
  run.waitEnded(third, 'x', 'a');
  run.report(`${third}_result`);
  run.invoke(5, { step: { concurrent: 5 } });
  return run;
}

describe.each(ENDS)('a run that %s', (_name, end) => {
  it('is dropped by every mailbox that knows of it, once, and tells its invoker', () => {
    const run = busy();
    end(run);
    expect(run.tells()).toEqual(['drop-run:hook', 'drop-run:a', 'drop-run:b', 'child-ended']);
    expect([...run.run.tells.keys()]).toEqual(run.tells());
    const others = [...run.run.owed.values()].filter(({ type }) => type !== 'TellStream' && type !== 'WriteRow');
    expect(others).toEqual([{ type: 'Announce' }]);
    expect(run.refolded()).toEqual(run.state);
  });

  it('registers no waiter any more, and begins no child: what was owed for them is settled', () => {
    const run = busy();
    const begun = run.tells();
    expect(begun.map((key) => key.split(':')[0])).toEqual(['register-waiter', 'register-waiter', 'start-child']);
    const effectIds = [...run.run.tells.values()];
    end(run);
    expect(run.lastChanges.settled).toEqual(expect.arrayContaining(effectIds));
  });

  it('tells nobody who has nothing to do with it', () => {
    const run = new RunScenario();
    run.start();
    end(run);
    expect(run.tells()).toEqual([]);
  });

  it('has no mailbox opened any more', () => {
    const run = busy();
    end(run);
    expect(run.openMailbox('hook')).toMatchObject({ refused: 'RUN_ENDED' });
    expect(run.openMailbox('new')).toMatchObject({ refused: 'RUN_ENDED' });
  });
});

test('a run that was invoked is as old as its invoke, and answers so both times (8.7)', () => {
  const run = new RunScenario();
  const first = run.start({}, { messageId: 'msg_c.wfr_1' }, 'effect', { invoker: INVOKER });
  expect(first).toMatchObject({ answer: { runCreatedAt: 950_000, items: [{ deduplicated: false }] } });
  const again = run.start({}, { messageId: 'msg_c.wfr_1' }, 'effect', { invoker: INVOKER });
  expect(again).toEqual({ ...first, accepted: [] });
  expect(run.run.createdAt).toBe(950_000);
});

test('who invokes a run that somebody else started is told so: it is a duplicate', () => {
  const run = new RunScenario();
  run.start();
  const answer = run.start({}, { messageId: 'msg_c.wfr_1' }, 'effect', { invoker: INVOKER });
  expect(answer).toMatchObject({ accepted: [], answer: { items: [{ messageId: 'msg_1', deduplicated: true }] } });
  expect(run.run.start.invoker).toBeUndefined();
});

describe('cancelling a run that mailboxes know of', () => {
  it('is answered when none of them does any more, the first time and every other (L4)', () => {
    const run = busy();
    const awaits = ['drop-run:hook', 'drop-run:a', 'drop-run:b'];
    expect(run.cancel()).toMatchObject({ answer: { cancelled: true }, awaits });
    expect(run.cancel()).toEqual({ accepted: [], answer: { cancelled: false }, awaits });
  });
});

describe('opening a mailbox (8.5)', () => {
  it('is remembered, so that the mailbox hears of the end', () => {
    const run = new RunScenario();
    run.start();
    expect(run.openMailbox('e')).toMatchObject({ accepted: [{ type: 'MailboxOpened', data: { eventId: 'e' } }] });
    expect([...run.run.mailboxes]).toEqual(['e']);
    expect(run.lastChanges).toEqual({ owed: [], settled: [] });
  });

  it('stays quiet when the mailbox is open already, by a wait as well', () => {
    const run = new RunScenario();
    run.start();
    run.openMailbox('e');
    run.wait(1, { eventId: 'w' });
    expect(run.openMailbox('e')).toEqual({ accepted: [], answer: {} });
    expect(run.openMailbox('w')).toEqual({ accepted: [], answer: {} });
  });

  it('is refused for a run that is not known', () => {
    expect(new RunScenario().openMailbox('e')).toMatchObject({ refused: 'UNKNOWN_RUN' });
  });
});

describe('cancelling one message (13.2)', () => {
  const UNKNOWN = { refused: 'UNKNOWN_MESSAGE' };

  it('cancels the run that can’t go on without it: a delivery, a call, a callback, a wait, an invoke', () => {
    const delivery = (run: RunScenario) => run.open()[0]?.messageId ?? '';
    const kinds: ((run: RunScenario) => string)[] = [
      delivery,
      (run) => messageIds(run.record(1, {}, { delayMs: 1_000 }))[0] ?? '',
      (run) => messageIds(run.call(1))[0] ?? '',
      (run) => {
        run.report(messageIds(run.call(1))[0] ?? '');
        return delivery(run);
      },
      (run) => messageIds(run.wait(1))[0] ?? '',
      (run) => messageIds(run.invoke(1))[0] ?? '',
    ];
    for (const messageOf of kinds) {
      const run = new RunScenario();
      run.start();
      const messageId = messageOf(run);
      const decision = run.cancelMessage(messageId);
      expect(decision).toMatchObject({ accepted: [{ type: 'RunCancelled' }], answer: {} });
      expect('accepted' in decision && decision.awaits).toEqual(
        run.run.mailboxes.size > 0 ? ['drop-run:event'] : undefined,
      );
      expect(run.run.status).toBe('cancelled');
      expect(run.cancelMessage(messageId)).toMatchObject(UNKNOWN);
    }
  });

  it('calls a failure callback off, whose run has ended', () => {
    const run = new RunScenario();
    run.start({ failureCallback: { url: 'http://app/f', forwards: [] } });
    run.report('msg_1', FATAL);
    const callback = run.open()[0]?.messageId ?? '';
    expect(run.cancelMessage(callback)).toMatchObject({
      accepted: [{ type: 'FailureCallbackEnded', data: { messageId: callback, state: 'cancelled' } }],
      answer: {},
    });
    expect(run.run.status).toBe('failed');
    expect(run.cancelMessage(callback)).toMatchObject(UNKNOWN);
    expect(run.requestFailureCallback()).toMatchObject({ accepted: [{ type: 'FailureCallbackRequested' }] });
  });

  it('is refused for what was delivered, dropped, recorded or never was', () => {
    const run = new RunScenario();
    expect(run.cancelMessage('msg_1')).toMatchObject(UNKNOWN);
    run.start();
    run.plan(1, 3, 'Wait');
    expect(run.cancelMessage('msg_1')).toMatchObject(UNKNOWN);
    const [wait = ''] = messageIds(run.wait(1, { step: { concurrent: 3 } }));
    run.waitEnded(wait, 'x');
    expect(run.cancelMessage(wait)).toMatchObject(UNKNOWN);
    expect(run.cancelMessage('msg_other')).toMatchObject(UNKNOWN);
    const [other = ''] = messageIds(run.wait(2, { step: { concurrent: 3 } }));
    run.finish();
    expect(run.cancelMessage(other)).toMatchObject(UNKNOWN);
    expect(run.run.status).toBe('succeeded');
  });

  it('is refused for what succeeded, though the log doesn’t say so yet (L7)', () => {
    const run = new RunScenario();
    run.start();
    run.plan(1, 2);
    const [discarded = ''] = messageIds(run.record(1, { concurrent: 2 }));
    const delivery = run.run.deliveries.get(discarded);
    if (delivery) delivery.phase = 'succeeded';
    expect(run.cancelMessage(discarded)).toMatchObject(UNKNOWN);
    expect(run.run.status).toBe('running');
  });
});
