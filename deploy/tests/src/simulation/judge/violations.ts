/** What must never happen, whatever else does. */
export const RULES = {
  'an answer is durable': 'what was answered is in the log by then (L4)',
  'a refusal is true': 'a run that lives is not said to have ended, or never to have been (L2)',
  'a read is of now': 'it shows at least what was committed before it was asked for (L2)',
  'every run ends': 'an acknowledged run ends, or waits for something that is still to come',
  'a run ends once': 'and all who are asked tell the same end',
  'an end has its reason': 'a run fails only after its retries, or when it was told to',
  'every end is announced': 'at least once',
  'results are those given': 'and stay so',
  'no step is done again': 'after its result was known to be durable',
  'no delivery is made again': 'after what followed it was on its way (E2)',
  'no sleep ends early': 'nor a wait',
  'attempts are limited': 'no more retries than were asked for',
  'no duplicates in calm': 'where nothing fails, everything happens once',
  'a cancelled run is quiet': 'it starts no call later',
  'events reach who waits': 'each acknowledged waiter, exactly once',
  'who is listed has it': 'an answered notify lists those who get it',
  'the log is dense': 'and has one writer per term',
  'the log does not change': 'what was acknowledged stays as it was',
  'a run says why it waits': 'one that has not ended names what it waits for, and until when (E4)',
  'lists tell the truth': 'the read model says what the announcements say',
  'nothing is thrown aside': 'no error that nobody handles, no effect that can not be sent',
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
  readonly atMs: number;
}

export class Violations {
  readonly found: Violation[] = [];

  constructor(private readonly nowMs: () => number) {}

  report(rule: Rule, text: string): void {
    this.found.push({ rule, text, atMs: this.nowMs() });
  }
}
