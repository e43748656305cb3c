import type { Program, Stage, Step } from './program';
import { named, RETRIES } from './program';

/** What a run of a program must come to, however the engine and the client went about it. */
export interface Expectation {
  readonly state: 'RUN_SUCCESS' | 'RUN_FAILED';
  /** Absent when the run fails. */
  readonly result?: readonly unknown[];
  /** Requests to the endpoint, its failure callback included. */
  readonly calls: number;
  /** Executions of each step's function, by name. */
  readonly executions: Readonly<Record<string, number>>;
  /** Requests to the third party, by step. */
  readonly asked: Readonly<Record<string, number>>;
  /** Names of sequential steps that run a function, in order. */
  readonly order: readonly string[];
}

/*
 * The reference: a program as plain function of itself, by the counts of protocol.md 7.9. It knows nothing of messages, plans,
 * histories or time.
 */
export function interpret({ stages, doomed }: Program): Expectation {
  const steps = named(stages);
  return {
    state: doomed ? 'RUN_FAILED' : 'RUN_SUCCESS',
    ...(doomed ? {} : { result: stages.map(resultOf) }),
    // The first delivery is answered by the first stage's work, each stage's result by the next one's.
    calls: 1 + sum(stages.map(callsOf)) + (doomed ? RETRIES + 1 : 0),
    executions: {
      ...Object.fromEntries(steps.flatMap(([name, step]) => entry(name, executionsOf(step)))),
      ...(doomed ? { doomed: RETRIES + 1 } : {}),
    },
    asked: Object.fromEntries(steps.flatMap(([name, step]) => entry(name, requestsOf(step)))),
    order: stages.flatMap((stage, place) =>
      stage.kind === 'all' ? [] : Array.from({ length: executionsOf(stage) }, () => String(place)),
    ),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const entry = (name: string, count: number): [string, number][] => (count === 0 ? [] : [[name, count]]);

function resultOf(stage: Stage): unknown {
  return stage.kind === 'all' ? stage.branches.map(valueOf) : valueOf(stage);
}

function valueOf(step: Step): unknown {
  switch (step.kind) {
    case 'run':
    case 'flaky':
      return step.value;
    case 'sleep':
      return null;
    case 'call':
      return [step.status, step.value];
    case 'wait':
      return step.told === 'never' ? 'timeout' : step.value;
    case 'notify':
      return [];
  }
}

/** A step is its result's delivery, and what had to be repeated before; a call is its callback too, a branch its plan too. */
function callsOf(stage: Stage): number {
  if (stage.kind === 'all') return sum(stage.branches.map((branch) => 1 + callsOf(branch)));
  return 1 + (stage.kind === 'flaky' ? stage.failures : 0) + (stage.kind === 'call' ? 1 : 0);
}

function executionsOf(step: Step): number {
  if (step.kind === 'run') return 1;
  return step.kind === 'flaky' ? step.failures + 1 : 0;
}

function requestsOf(step: Step): number {
  if (step.kind !== 'call') return 0;
  return step.status === 200 ? 1 : step.retries + 1;
}
