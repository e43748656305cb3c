import { Problem } from '@stepwell/platform';
import type { Judge } from '../judge/judge';
import type { Journal, RunJournal } from '../judge/journal';
import type { World } from '../world/world';
import { startItem } from './client-requests';
import type { Gateways } from './gateways';
import type { Notifier } from './notifier';
import type { Program } from './program';
import { EVENT_IDS } from './program';

const RETRY_MS = { least: 100, most: 3_000 };
const CANCELLED = 0.08;
/** An impatient user's client sends the same start twice. */
const TWICE = 0.15;
/** Some ask about their run before they start it: what is not there is remembered, too. */
const ASKED_BEFORE = 0.4;
const ASKED_BEFORE_MS = 25_000;
const LOOKS = 40;
const LOOKS_WITHIN_MS = 1_000;
const YOUNG_MS = 30_000;
const CANCELLED_AT_ONCE = 20;

/** Those who start runs, cancel some, and notify. */
export class Users {
  constructor(
    private readonly world: World,
    private readonly programs: readonly Program[],
    private readonly gateways: Gateways,
    private readonly journal: Journal,
    private readonly judge: Judge,
    private readonly notifier: Notifier,
  ) {}

  /** So many runs, begun within so long. */
  begin(count: number, withinMs: number): void {
    const { chance, time } = this.world;
    for (let number = 0; number < count; number += 1) {
      time.after(chance.between(0, withinMs), () => {
        this.startOne();
      });
    }
    this.notifyNowAndThen();
    this.readNowAndThen();
  }

  private startOne(): void {
    const { chance, time } = this.world;
    const place = chance.whole(0, this.programs.length - 1);
    const run = this.journal.begin(`wfr_${chance.id()}`, place, time.nowMs);
    if (chance.happens(ASKED_BEFORE)) {
      void this.look(run);
      time.after(chance.between(0, ASKED_BEFORE_MS), () => void this.start(run));
    } else void this.start(run);
    if (chance.happens(TWICE)) time.after(chance.between(0, 20), () => void this.start(run));
    if (chance.happens(CANCELLED)) time.after(chance.between(100, 60_000), () => void this.cancel(run));
  }

  private async start(run: RunJournal): Promise<void> {
    const { time, chance } = this.world;
    const item = startItem(run.runId, run.program, this.programs[run.program]!);
    for (let tries = 0; tries < 20; tries += 1) {
      const reply = await this.gateways.request((desks, hangUp) => desks.submissions.submit([item], '', hangUp));
      const [outcome] = reply.kind === 'answered' ? reply.value : [];
      if (outcome && !(outcome instanceof Problem)) {
        run.startAckedMs ??= time.nowMs;
        this.judge.accepted([outcome]);
        return;
      }
      await new Promise<void>((resolve) => {
        time.after(chance.between(RETRY_MS.least, RETRY_MS.most), resolve);
      });
    }
  }

  private async cancel(run: RunJournal): Promise<void> {
    const { time } = this.world;
    const askedMs = time.nowMs;
    run.cancelSentMs ??= askedMs;
    const reply = await this.gateways.request((desks, hangUp) => desks.runs.cancel(run.runId, hangUp));
    if (reply.kind === 'problem' && reply.code === 'UNKNOWN_RUN') {
      this.judge.refused(run, askedMs, reply.text);
      return;
    }
    if (reply.kind !== 'answered') return;
    this.judge.ended(run.runId, 'the cancel');
    if (reply.value) run.cancelAckedMs ??= time.nowMs;
  }

  /** Somebody looks at a run that was started: it is there, and over if it was over before. */
  private async look(run: RunJournal): Promise<void> {
    const askedMs = this.world.time.nowMs;
    const wasOver = this.judge.isOver(run.runId);
    const reply = await this.gateways.request((desks, hangUp) => desks.runs.log(run.runId, true, hangUp));
    if (reply.kind !== 'answered') return;
    if (reply.value === undefined) {
      this.judge.refused(run, askedMs, 'the run is not known');
      return;
    }
    const { workflowState } = JSON.parse(Buffer.from(reply.value).toString()) as { readonly workflowState: string };
    if (wasOver && workflowState === 'RUN_STARTED') this.judge.readOldState(run.runId);
  }

  /** All want to know at once who waits, and some give up their youngest runs. */
  lookAround(): void {
    const { chance, time } = this.world;
    for (let number = 0; number < LOOKS; number += 1) {
      time.after(chance.between(0, LOOKS_WITHIN_MS), () => void this.notifier.look(chance.pick(EVENT_IDS)));
    }
    const young = [...this.journal.runs.values()].filter(
      ({ startAckedMs }) => startAckedMs !== undefined && startAckedMs > time.nowMs - YOUNG_MS,
    );
    for (const run of young.slice(0, CANCELLED_AT_ONCE)) {
      time.after(chance.between(0, 200), () => void this.cancel(run));
    }
  }

  private readNowAndThen(): void {
    const { chance, time, weather } = this.world;
    time.after(chance.between(200, 2_000), () => {
      if (weather.isClear) return;
      const started = [...this.journal.runs.values()].filter(({ startAckedMs }) => startAckedMs !== undefined);
      if (started.length > 0) void this.look(chance.pick(started));
      this.readNowAndThen();
    });
  }

  private notifyNowAndThen(): void {
    const { chance, time, weather } = this.world;
    time.after(chance.between(500, 15_000), () => {
      if (weather.isClear) return;
      void this.notifier.notify(chance.pick(EVENT_IDS));
      this.notifyNowAndThen();
    });
  }
}
