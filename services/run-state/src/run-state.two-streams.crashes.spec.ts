import fc from 'fast-check';
import type { NotifyAnswer } from '@stepwell/core';
import { derivedId, hasEnded, idInOtherRun, isRefused } from '@stepwell/core';
import { LogTruth } from './testing/log-truth';
import { MailboxClient } from './testing/mailbox-client';
import { RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';
import type { Wait } from './testing/told-truth';
import { expectTold, hasOutcome, isBegun, isRegistered, ToldTruth } from './testing/told-truth';

/*
 * Runs that wait, invoke and are taken over, and processes that die at random points of it. However that goes (the seed is printed):
 *
 * 1. A wait that was answered is registered; each waiter ends once at most, and a run has its result once (8.4).
 * 2. Who is listed in a notify's answer was told; a notice that is asked for again is answered as the first time (B3, 8.5).
 * 3. An invoke that was answered has a child; a child that has ended was told to its parent, or to who took over from that (8.7, 12).
 * 4. A take-over that was answered has a successor, with all that the failed run had (12).
 * 5. Everything that is owed gets done, and the checkpoint never leads (E1, E2).
 */

const RUNS = 8;
const EVENTS = 3;
const action = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constantFrom('wait', 'wait-briefly', 'invoke', 'notify', 'notify', 'notify-run'),
      run: fc.nat(RUNS - 1),
      other: fc.nat(EVENTS - 1),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constantFrom('fire', 'end-child', 'end-child', 'fail', 'take-over', 'take-over', 'cancel'),
      run: fc.nat(RUNS - 1),
      other: fc.nat(EVENTS - 1),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash', 'crash', 'pause', 'expire'),
      run: fc.nat(3),
      other: fc.nat(1),
    }),
  },
);

class Story {
  readonly world = new RunStateWorld({ leaseMs: 200, cachedRuns: 64 });
  private readonly clients = Array.from({ length: RUNS }, (_, i) => new RunClient(this.world.client, `wfr_${i}`));
  private readonly mailboxes = Array.from(
    { length: EVENTS },
    (_, i) => new MailboxClient(this.world.client, `evt_${i}`),
  );
  private readonly steps = new Map<RunClient, number>();
  private readonly pending: Promise<void>[] = [];
  private readonly waits: Wait[] = [];
  private readonly invokes: { readonly runId: string; readonly childId: string; readonly messageId: string }[] = [];
  private readonly notices: { readonly mailbox: MailboxClient; readonly id: string; readonly answer: NotifyAnswer }[] =
    [];
  private readonly successors: { readonly failed: string; readonly runId: string; readonly how: string }[] = [];
  private count = 0;
  private generation = 0;
  private member: Member | undefined;

  async begin(): Promise<void> {
    await this.world.open();
    await this.next();
    await Promise.all(this.clients.map((client) => client.start()));
  }

  async act({
    kind,
    run,
    other,
  }: {
    readonly kind: string;
    readonly run: number;
    readonly other: number;
  }): Promise<void> {
    const client = this.clients[run % RUNS];
    const mailbox = this.mailboxes[other % EVENTS];
    if (!client || !mailbox) return;
    switch (kind) {
      case 'wait':
      case 'wait-briefly':
        this.ask(() => this.wait(client, mailbox, kind === 'wait' ? 3_600_000 : 1));
        break;
      case 'invoke':
        this.ask(() => this.invoke(client));
        break;
      case 'notify':
        this.ask(() => this.notify(mailbox, undefined));
        break;
      case 'notify-run':
        this.ask(() => this.notify(mailbox, client));
        break;
      case 'fire':
        this.fireWhatIsDue();
        break;
      case 'end-child':
        this.ask(() => this.endChild(other));
        break;
      case 'fail':
        this.ask(() => this.fail(client));
        break;
      case 'take-over':
        this.ask(() => this.takeOver(run % RUNS, client, other === 0 ? 'restart' : 'resume'));
        break;
      case 'cancel':
        this.ask(async () => {
          await client.cancel();
        });
        break;
      case 'pause':
        await Promise.all(this.pending);
        break;
      default:
        await this.crash(kind === 'crash');
    }
    // Some of it is decided, some of it in flight when the next thing happens.
    for (let turn = 0; turn < run * 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything has come to rest. */
  async end(): Promise<void> {
    await Promise.all(this.pending);
    if (this.member) await this.world.settled(this.member);
    await until(() => this.isAtRest());
    this.fireWhatIsDue();
    await Promise.all(this.pending);
    await until(() => this.isAtRest());
  }

  async check(): Promise<void> {
    const truth = new LogTruth(this.world.data);
    const told = new ToldTruth(truth, this.world, (runId) => this.familyOf(runId));
    for (const wait of this.waits) this.checkWait(truth, wait);
    for (const { effectId } of this.world.delivered) expect(truth.emitted.has(effectId)).toBe(true);
    for (const { mailbox, id, answer } of this.notices) {
      expectTold(truth, answer);
      expect(await mailbox.notify(id)).toEqual(answer);
    }
    for (const { runId, childId, messageId } of this.invokes) {
      const child = truth.run(childId);
      expect(isBegun(truth, runId, childId)).toBe(true);
      if (child && hasEnded(child)) expect(told.wasTold(runId, messageId)).toBe(true);
    }
    for (const { failed, runId, how } of this.successors) {
      const state = truth.run(runId);
      expect(state?.isCopying).toBeUndefined();
      const entries = how === 'resume' ? (truth.run(failed)?.entries ?? []) : [];
      for (const { messageId } of entries) {
        expect(state?.entryByMessage.has(idInOtherRun(messageId, runId))).toBe(true);
      }
      for (const messageId of state?.waits.keys() ?? []) {
        expect(hasOutcome(state, messageId) || truth.registered.has(messageId)).toBe(true);
      }
    }
    this.checkTells(truth);
    expect(
      truth.leads(
        (effectId, obligation) => told.isSettled(effectId, obligation),
        (effectId, obligation) => told.isSettledOfMailbox(effectId, obligation),
      ),
    ).toEqual([]);
  }

  private checkWait(truth: LogTruth, wait: Wait): void {
    const { runId, eventId, messageId } = wait;
    const run = truth.run(runId);
    const mailbox = truth.mailbox(eventId);
    const isWaiting = mailbox?.seqByMessage.has(messageId) === true;
    expect(isRegistered(truth, wait)).toBe(true);
    if (run && !hasEnded(run)) expect(hasOutcome(run, messageId)).toBe(!isWaiting);
    else expect(isWaiting).toBe(false);
    const results = run?.entries.filter((entry) => entry.messageId === derivedId(messageId, 'result')) ?? [];
    expect(results.length).toBeLessThanOrEqual(1);
  }

  /** Each waiter's end was owed to its run once. */
  private checkTells(truth: LogTruth): void {
    const told = [...truth.emittedByMailboxes.values()].flatMap(({ obligation }) =>
      obligation.type === 'TellRun' ? [obligation.waiter.messageId] : [],
    );
    expect(new Set(told).size).toBe(told.length);
  }

  /** The run and who took over from it, and from that. */
  private familyOf(runId: string): string[] {
    const next = this.successors.filter(({ failed }) => failed === runId);
    return [runId, ...next.flatMap((each) => this.familyOf(each.runId))];
  }

  /** What is left open is what callers have to report. */
  private isAtRest(): boolean {
    const owed = new LogTruth(this.world.data).owedDeliveries().sort();
    const hosts = this.member?.runtime.registry.hosts() ?? [];
    const unsettled = hosts.flatMap(({ settlement }) => settlement.unsettled()).sort();
    return unsettled.join() === owed.join();
  }

  private ask(work: () => Promise<void>): void {
    this.pending.push(work());
  }

  private nextStep(client: RunClient): number {
    const stepId = (this.steps.get(client) ?? 0) + 1;
    this.steps.set(client, stepId);
    return stepId;
  }

  private async wait(client: RunClient, { eventId }: MailboxClient, timeoutMs: number): Promise<void> {
    const stepId = this.nextStep(client);
    if (isRefused(await client.wait(stepId, eventId, { timeoutMs }))) return;
    const wait = { runId: client.runId, eventId, messageId: client.requestId(stepId) };
    this.waits.push(wait);
    expect(isRegistered(new LogTruth(this.world.data), wait)).toBe(true);
  }

  private async invoke(client: RunClient): Promise<void> {
    const stepId = this.nextStep(client);
    const childId = `${client.runId}_child_${stepId}`;
    if (isRefused(await client.invoke(stepId, childId))) return;
    this.invokes.push({ runId: client.runId, childId, messageId: client.requestId(stepId) });
    expect(isBegun(new LogTruth(this.world.data), client.runId, childId)).toBe(true);
  }

  private async notify(mailbox: MailboxClient, client: RunClient | undefined): Promise<void> {
    this.count += 1;
    const id = `notice_${this.count}`;
    if (client && isRefused(await client.openMailbox(mailbox.eventId))) return;
    const answer = await mailbox.notify(id, Buffer.from(id), client ? { runId: client.runId } : {});
    if (isRefused(answer) || answer.notified === 0) return;
    this.notices.push({ mailbox, id, answer });
    expectTold(new LogTruth(this.world.data), answer);
  }

  private async endChild(how: number): Promise<void> {
    const invoke = this.invokes.find(({ childId }) => !this.steps.has(this.childOf(childId)));
    if (!invoke) return;
    const child = this.childOf(invoke.childId);
    this.steps.set(child, 1);
    if (how === 0) await child.cancel();
    else await child.finish();
  }

  private readonly children = new Map<string, RunClient>();
  private childOf(childId: string): RunClient {
    const client = this.children.get(childId) ?? new RunClient(this.world.client, childId);
    this.children.set(childId, client);
    return client;
  }

  /** The endpoint gives up on what was delivered last. */
  private async fail(client: RunClient): Promise<void> {
    const last = this.world.delivered.findLast(({ runId, kind }) => runId === client.runId && kind === 'step');
    if (last) await client.fail(last.messageId, last.attempt);
  }

  /** From a run that fails now, if it still can; its place is the successor's from then on. */
  private async takeOver(place: number, client: RunClient, how: 'resume' | 'restart'): Promise<void> {
    await this.fail(client);
    const { dlqId } = (await client.log()) as { readonly dlqId?: string };
    if (dlqId === undefined) return;
    this.count += 1;
    const runId = `${client.runId}_next_${this.count}`;
    const answer = await client.takeOver(dlqId, how, runId);
    if (isRefused(answer)) return;
    this.successors.push({ failed: client.runId, runId, how });
    expect(new LogTruth(this.world.data).run(runId)).toHaveProperty('status');
    expect(new LogTruth(this.world.data).run(runId)?.isCopying).toBeUndefined();
    const successor = new RunClient(this.world.client, runId);
    this.steps.set(successor, how === 'resume' ? this.nextStep(client) : 0);
    this.clients[place] = successor;
  }

  private fireWhatIsDue(): void {
    for (const { id, dueAt } of [...this.world.timers.values()]) {
      if (dueAt > Date.now()) continue;
      this.ask(async () => {
        await this.world.fire(id);
      });
    }
  }

  /** `isSeen`: somebody saw it exit; otherwise its lease has to run out. */
  private async crash(isSeen: boolean): Promise<void> {
    const dead = this.member;
    dead?.kill();
    if (dead && isSeen) await dead.store.removeMember('run-state', dead.name);
    await this.next();
  }

  private async next(): Promise<void> {
    this.generation += 1;
    this.member = await this.world.member(`member-${this.generation}`);
  }
}

it('each waiter ends once, and no run is forgotten by another, whoever dies whenever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 30, maxLength: 100 }), async (actions) => {
      const story = new Story();
      await story.begin();
      try {
        for (const each of actions) await story.act(each);
        await story.end();
        await story.check();
      } finally {
        await story.world.close();
      }
    }),
    { numRuns: 12, interruptAfterTimeLimit: 60_000, endOnFailure: true },
  );
}, 120_000);
