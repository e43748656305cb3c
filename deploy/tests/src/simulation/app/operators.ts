import type { Judge } from '../judge/judge';
import type { Journal, RunJournal } from '../judge/journal';
import type { World } from '../world/world';
import type { Gateways } from './gateways';
import type { Notifier } from './notifier';
import type { Program } from './program';

const ASKS_EVERY_MS = { least: 100, most: 1_500 };
const NOTIFIES_EVERY_MS = { least: 500, most: 6_000 };
const TAKES_OVER_EVERY_MS = { least: 500, most: 5_000 };
const RESUMED = 0.7;
/** An impatient one asks twice: one of both hears that the letter is gone. */
const TWICE = 0.2;
const DLQ_ID = /"dlqId":"([^"]+)"/;

/** Those who look after runs: ask why one isn't moving, notify one by name, let another run take over from one that failed. */
export class Operators {
  /** Runs that another one took over from, or should have. */
  private readonly takenOver = new Set<RunJournal>();

  constructor(
    private readonly world: World,
    private readonly programs: readonly Program[],
    private readonly gateways: Gateways,
    private readonly journal: Journal,
    private readonly judge: Judge,
    private readonly notifier: Notifier,
  ) {}

  begin(): void {
    this.nowAndThen(ASKS_EVERY_MS, () => this.withOne(this.living(), (run) => this.explain(run)));
    this.nowAndThen(NOTIFIES_EVERY_MS, () => this.withOne(this.living(), (run) => this.notify(run)));
    this.nowAndThen(TAKES_OVER_EVERY_MS, () =>
      this.withOne(this.failed(), (run) => {
        this.takenOver.add(run);
        const how = this.world.chance.happens(RESUMED) ? 'resume' : 'restart';
        if (this.world.chance.happens(TWICE)) void this.takeOver(run, how);
        return this.takeOver(run, how);
      }),
    );
  }

  private nowAndThen({ least, most }: { readonly least: number; readonly most: number }, act: () => void): void {
    const { chance, time, weather } = this.world;
    time.after(chance.between(least, most), () => {
      if (weather.isClear) return;
      act();
      this.nowAndThen({ least, most }, act);
    });
  }

  private withOne(runs: readonly RunJournal[], act: (run: RunJournal) => Promise<void>): void {
    if (runs.length > 0) void act(this.world.chance.pick(runs));
  }

  private living(): RunJournal[] {
    return [...this.journal.runs.values()].filter(
      ({ startAckedMs, announced }) => startAckedMs !== undefined && announced.size === 0,
    );
  }

  /** Of runs that nobody invoked: a child's failure is its parent's to know. */
  private failed(): RunJournal[] {
    return [...this.journal.runs.values()].filter(
      (run) => run.announced.has('failed') && run.parent === undefined && !this.takenOver.has(run),
    );
  }

  private async explain(run: RunJournal): Promise<void> {
    const askedMs = this.world.time.nowMs;
    const wasOver = this.judge.isOver(run.runId);
    const reply = await this.gateways.request(({ runs }, hangUp) => runs.explain(run.runId, hangUp));
    if (reply.kind === 'problem' && reply.code === 'UNKNOWN_RUN') this.judge.refused(run, askedMs, reply.text);
    if (reply.kind !== 'answered') return;
    const { value } = reply;
    this.world.tally.count(`explained: ${value.reason?.waitingFor ?? value.status}`);
    if (wasOver && value.status === 'running') this.judge.readOldState(run.runId);
    this.judge.explained(run, this.programs[run.program]!, value);
  }

  private async notify(run: RunJournal): Promise<void> {
    const { chance, time } = this.world;
    const waits = this.programs[run.program]!.blocks.flat().filter(({ form }) => form === 'wait');
    if (waits.length === 0) return;
    const askedMs = time.nowMs;
    const reply = await this.notifier.notifyRun(run.runId, chance.pick(waits).eventId);
    const isEnd = reply.kind === 'problem' && (reply.code === 'RUN_ENDED' || reply.code === 'UNKNOWN_RUN');
    if (isEnd) this.judge.refused(run, askedMs, reply.text);
  }

  private async takeOver(run: RunJournal, how: 'resume' | 'restart'): Promise<void> {
    const { time, tally } = this.world;
    const dlqId = await this.dlqIdOf(run);
    if (dlqId === undefined) return;
    const reply = await this.gateways.request(({ letters }, hangUp) => letters.takeOver(dlqId, how, {}, hangUp));
    if (reply.kind !== 'answered' || reply.value === undefined) return;
    const { workflowRunId } = reply.value;
    tally.count(`taken over: ${how}`);
    this.judge.succeeded(run.runId, workflowRunId);
    this.journal.begin(workflowRunId, run.program, time.nowMs).startAckedMs ??= time.nowMs;
  }

  private async dlqIdOf(run: RunJournal): Promise<string | undefined> {
    const reply = await this.gateways.request(({ runs }, hangUp) => runs.log(run.runId, true, hangUp));
    if (reply.kind !== 'answered' || reply.value === undefined) return undefined;
    return DLQ_ID.exec(Buffer.from(reply.value).toString())?.[1];
  }
}
