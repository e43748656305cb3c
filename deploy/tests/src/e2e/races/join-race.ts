import { ended } from './endings';
import type { Race } from './race';
import { finishing, planOf, runStep, sleeping, submitting } from './wire-requests';

/** So many of the results are submitted twice. */
const TWICE = 0.1;
/** Long enough for a delivery to come again whose follow-up was not known for one. */
const A_WHILE = '100ms';

/**
 * `size` parallel steps whose results come in any order, many at once, some of them twice (protocol.md 7.7): every result is delivered with
 * the list up to itself, and exactly one of them sees all of them and goes on.
 */
export const joinOf = (size: number): Race => ({
  name: `a join of ${size} results in random order`,
  outcomes: ['one continuation'],
  atATime: 4,
  portion: 50,
  async run(lane) {
    const all = 1 + 2 * size;
    const stepIds = Array.from({ length: size }, (_, index) => index + 1);
    const repeated = new Set(stepIds.filter(() => lane.random() < TWICE));
    const branches = new Branches(lane.shuffled(stepIds), 1 + Math.floor(lane.random() * size));
    const lengths: number[] = [];
    const submissions: Promise<unknown>[] = [];

    const run = lane.arena.run(async (self, { step, entries }) => {
      const submit = async (stepId: number): Promise<void> => {
        const result = runStep(stepId, JSON.stringify(`result ${stepId}`), size);
        expect((await lane.arena.send(submitting(self, [result]))).status).toBe(200);
      };
      if (!step) {
        const plans = submitting(
          self,
          stepIds.map((stepId) => planOf(stepId, size)),
        );
        expect((await lane.arena.send(plans)).status).toBe(200);
      } else if (step.targetStep === undefined) {
        lengths.push(entries.length);
        if (step.stepId > size) await lane.arena.send(finishing(self.id, '"joined"'));
        else if (entries.length === all) {
          await Promise.all(submissions);
          await lane.arena.send(sleeping(self, size + 1, A_WHILE));
        }
      } else {
        await branches.turnOf(step.targetStep);
        submissions.push(submit(step.targetStep));
        if (repeated.has(step.targetStep)) submissions.push(submit(step.targetStep));
        await submissions.at(-1);
        branches.done();
      }
      return undefined;
    });

    await lane.arena.start(run, { retryDelay: '1' });
    await run.resultOf(size + 1);
    expect(await ended(run, lane)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"joined"' });
    lane.afterwards(() => {
      expect(lengths.filter((length) => length === all)).toHaveLength(1);
      // The end may overtake the results that discard; none of them comes twice, and no delivery was taken for a failed one.
      expect(new Set(lengths).size).toBe(lengths.length);
      expect(lengths.filter((length) => length < size + 2 || length > all + 1)).toEqual([]);
      expect(run.deliveries.filter(({ retried }) => retried > 0)).toEqual([]);
    });
    return 'one continuation';
  },
});

/** Lets branches go in an order of its own once all are under way, and never more than some at once. */
class Branches {
  private readonly waiting = new Map<number, () => void>();
  private next = 0;
  private underWay = 0;

  constructor(
    private readonly order: readonly number[],
    private readonly atOnce: number,
  ) {}

  turnOf(stepId: number): Promise<void> {
    return new Promise((go) => {
      this.waiting.set(stepId, go);
      if (this.waiting.size === this.order.length) this.letGo();
    });
  }

  done(): void {
    this.underWay -= 1;
    this.letGo();
  }

  private letGo(): void {
    while (this.underWay < this.atOnce && this.next < this.order.length) {
      this.waiting.get(this.order[this.next] ?? 0)?.();
      this.next += 1;
      this.underWay += 1;
    }
  }
}
