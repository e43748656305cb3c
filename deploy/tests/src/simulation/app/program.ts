import type { Chance } from '../world/chance';

/** What a step may be; each but `notify` may be a branch of a group as well. */
export type StepForm = 'run' | 'sleep' | 'call' | 'wait' | 'notify' | 'invoke';

export interface Step {
  readonly form: StepForm;
  /** Of a sleep. */
  readonly delayMs: number;
  /** Of a wait. */
  readonly timeoutMs: number;
  /** Of a wait or a notify. */
  readonly eventId: string;
  /** Of an invoke: the place of its program. */
  readonly child: number;
  readonly retries: number;
}

/** Steps side by side; one alone is a sequential step. */
export type Block = readonly Step[];

/** A workflow as its author wrote it: steps are numbered from 1, block after block. */
export interface Program {
  readonly blocks: readonly Block[];
  readonly retries: number;
  readonly retryDelay: string | undefined;
  readonly hasFailureCallback: boolean;
  readonly isInvoked: boolean;
}

const DAY_MS = 86_400_000;
const SEQUENTIAL = { run: 6, sleep: 3, call: 2, wait: 4, notify: 1, invoke: 1 } as const;
const BRANCH = { run: 5, sleep: 2, call: 2, wait: 2, notify: 0, invoke: 1 } as const;

/** So few events that many runs wait for the same one. */
export const EVENT_IDS = ['order', 'payment', 'ship/1', 'été', 'a', 'b', 'c', 'd', 'e', 'f'] as const;

/** A handful of programs; the first ones are invoked by the others. */
export function writePrograms(chance: Chance, count: number): readonly Program[] {
  const programs: Program[] = [];
  const children = Math.ceil(count / 4);
  for (let place = 0; place < count; place += 1) {
    const isChild = place < children;
    const blocks = Array.from({ length: chance.whole(isChild ? 0 : 1, isChild ? 2 : 5) }, () =>
      writeBlock(chance, isChild ? 0 : children),
    );
    programs.push({
      blocks,
      retries: chance.whole(1, 6),
      retryDelay: chance.happens(0.7) ? `${chance.whole(100, 3_000)} * (1 + retried)` : undefined,
      hasFailureCallback: chance.happens(0.5),
      isInvoked: isChild,
    });
  }
  return programs;
}

function writeBlock(chance: Chance, children: number): Block {
  if (!chance.happens(0.3)) return [writeStep(chance, SEQUENTIAL, children)];
  return Array.from({ length: chance.whole(2, 5) }, () => writeStep(chance, BRANCH, children));
}

function writeStep(chance: Chance, forms: Readonly<Record<StepForm, number>>, children: number): Step {
  const drawn = chance.weighted(forms);
  return {
    form: drawn === 'invoke' && children === 0 ? 'run' : drawn,
    delayMs: 1_000 * (chance.happens(0.2) ? chance.whole(3_600, 60 * (DAY_MS / 1_000)) : chance.whole(1, 60)),
    timeoutMs: 1_000 * (chance.happens(0.2) ? chance.whole(3_600, 7 * (DAY_MS / 1_000)) : chance.whole(2, 120)),
    eventId: chance.pick(EVENT_IDS),
    child: children === 0 ? 0 : chance.whole(0, children - 1),
    retries: chance.whole(0, 3),
  };
}

export function stepAt({ blocks }: Program, stepId: number): Step | undefined {
  return blocks.flat()[stepId - 1];
}

export const STEP_TYPES = {
  run: 'Run',
  sleep: 'SleepFor',
  call: 'Call',
  wait: 'Wait',
  notify: 'Notify',
  invoke: 'Invoke',
} as const satisfies Record<StepForm, string>;
