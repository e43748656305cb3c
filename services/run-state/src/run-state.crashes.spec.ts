import fc from 'fast-check';
import type { Obligation } from '@stepwell/core';
import { isRefused, timerId } from '@stepwell/core';
import { LogTruth } from './testing/log-truth';
import { listRuns, RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';

/*
 * Random commands, and processes that die at random points between and within them. However that goes (the seed is printed):
 *
 * 1. No submission that was answered is lost, and one that is asked again is answered as the first time (B1, B3, L4).
 * 2. Nothing leaves that no log knows (L4); everything that is owed has left, and emitted minus settled is what is owed (E1, E2).
 * 3. The checkpoint never leads (E1), and a row never says what the log doesn't (L9).
 */

const RUNS = 12;
const action = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constantFrom('step', 'sleep', 'report'), run: fc.nat(RUNS - 1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('finish', 'cancel'), run: fc.nat(RUNS - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('crash', 'pause', 'forget', 'expire'), run: fc.nat(3) }) },
);

class Story {
  readonly world = new RunStateWorld({ leaseMs: 200, cachedRuns: 64 });
  private readonly clients = Array.from({ length: RUNS }, (_, i) => new RunClient(this.world.client, `wfr_${i}`));
  private readonly steps = new Array<number>(RUNS).fill(0);
  private readonly pending: Promise<void>[] = [];
  private readonly accepted: { readonly stream: string; readonly messageId: string }[] = [];
  private readonly starts = new Map<RunClient, unknown>();
  private generation = 0;
  private member: Member | undefined;

  async begin(): Promise<void> {
    await this.world.open();
    await this.next();
    for (const client of this.clients)
      this.ask(async () => {
        this.starts.set(client, await client.start());
      });
  }

  async act({ kind, run }: { readonly kind: string; readonly run: number }): Promise<void> {
    const client = this.clients[run % RUNS];
    if (!client) return;
    switch (kind) {
      case 'step':
      case 'sleep':
        this.ask(() => this.submit(client, run, kind === 'sleep' ? { delayMs: 3_600_000 } : {}));
        break;
      case 'report': {
        const messageId = `msg_${client.runId}${this.steps[run] ? `_${this.steps[run] ?? 0}` : ''}`;
        this.ask(() => client.report(messageId, { status: 500 }));
        break;
      }
      case 'finish':
        this.ask(() => client.finish());
        break;
      case 'cancel':
        this.ask(async () => {
          await client.cancel();
        });
        break;
      case 'pause':
        await Promise.all(this.pending);
        break;
      case 'forget':
        this.world.broker.forget();
        break;
      default:
        await this.crash(kind === 'crash');
    }
    // Some of it is decided, some of it in flight when the next thing happens.
    for (let turn = 0; turn < run; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything has come to rest. */
  async end(): Promise<void> {
    await Promise.all(this.pending);
    if (this.member) await this.world.settled(this.member);
  }

  async check(): Promise<void> {
    const { world } = this;
    const truth = new LogTruth(world.data);
    for (const { stream, messageId } of this.accepted) {
      expect(truth.runs.get(stream)?.entryByMessage.has(messageId)).toBe(true);
    }
    for (const [client, answer] of this.starts) expect(await client.start()).toEqual(answer);
    for (const { effectId } of world.delivered) expect(truth.emitted.has(effectId)).toBe(true);
    const owed = truth.owedDeliveries().sort();
    const hosts = this.member?.runtime.registry.hosts() ?? [];
    const unsettled = (): string[] => hosts.flatMap(({ settlement }) => settlement.unsettled()).sort();
    await until(() => unsettled().join() === owed.join());
    await until(() => owed.every((effectId) => world.delivered.some((item) => item.effectId === effectId)));
    expect(truth.leads((effectId, obligation) => this.isSettled(truth, effectId, obligation))).toEqual([]);
    const listed = await listRuns(world.client);
    const rows = 'rows' in listed ? listed.rows : [];
    expect(new Map(rows.map(({ runId, status }) => [`run-${runId}`, status]))).toEqual(
      new Map([...truth.runs].map(([stream, { status }]) => [stream, status])),
    );
  }

  private isSettled(truth: LogTruth, effectId: string, obligation: Obligation): boolean {
    const stream = effectId.split(':')[0] ?? '';
    const runId = stream.slice('run-'.length);
    switch (obligation.type) {
      case 'WriteRow':
        return (this.world.data.rows.get(runId)?.version ?? 0) >= Number(effectId.split(':')[1]);
      case 'Announce':
        return this.world.announced.some((id) => id.startsWith(`${runId}:`));
      case 'SetTimer': {
        const id = timerId(runId, obligation.messageId, obligation.attempt);
        return !truth.isOwed(effectId) || this.world.timersSet.includes(id);
      }
      case 'CancelTimer':
      case 'TellStream':
      case 'Deliver':
      case 'CallOut':
        return true;
    }
  }

  private ask(work: () => Promise<void>): void {
    this.pending.push(work());
  }

  private async submit(client: RunClient, run: number, more: { readonly delayMs?: number }): Promise<void> {
    const stepId = (this.steps[run] ?? 0) + 1;
    this.steps[run] = stepId;
    const answer = await client.step(stepId, more);
    if (isRefused(answer)) return;
    for (const { messageId } of answer.items) this.accepted.push({ stream: `run-${client.runId}`, messageId });
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

it('loses nothing, whoever dies whenever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 80 }), async (actions) => {
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
