import { parseArgs } from 'node:util';

export interface BenchArguments {
  readonly cases: readonly string[];
  /** Names of ours, then of peers: the order of a round. */
  readonly engines: readonly string[];
  readonly runs: number;
  readonly seconds: number;
  /** Undefined: what the case says. Several of one of them: measured one after another. */
  readonly steps: readonly number[] | undefined;
  readonly inFlight: readonly number[] | undefined;
  /** Whether the results page is written. */
  readonly page: boolean;
  /** Folder for profiles of one more run of each of ours; undefined: there is none. */
  readonly profile: string | undefined;
}

/** What can be named. */
export interface Choices {
  readonly cases: readonly string[];
  readonly ours: readonly string[];
  /** Ours, too, but not unless asked for. */
  readonly scaled: readonly string[];
  readonly peers: readonly string[];
}

/** @param args of the command line. @throws Error that says which argument is wrong, and what there is instead */
export function parseArguments(args: readonly string[], choices: Choices): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', default: 'steps' },
      engines: { type: 'string', default: choices.ours.join(',') },
      peers: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      steps: { type: 'string' },
      'in-flight': { type: 'string' },
      page: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const steps = values.steps === undefined ? undefined : wholes('--steps', values.steps, 0);
  const inFlight = values['in-flight'] === undefined ? undefined : wholes('--in-flight', values['in-flight'], 1);
  return {
    cases: values.case === 'all' ? choices.cases : chosen('--case', values.case, choices.cases),
    engines: [
      ...chosen('--engines', values.engines, [...choices.ours, ...choices.scaled]),
      ...(values.peers === '' ? [] : chosen('--peers', values.peers, choices.peers)),
    ],
    runs: whole('--runs', values.runs, 1),
    seconds: whole('--seconds', values.seconds, 1),
    steps,
    inFlight,
    page: values.page,
    profile: values.profile,
  };
}

function chosen(option: string, text: string, from: readonly string[]): readonly string[] {
  const names = [...new Set(text.split(','))];
  const unknown = names.filter((name) => !from.includes(name));
  if (unknown.length > 0) throw new Error(`${option} ${unknown.join(',')}: there are ${from.join(', ')}`);
  return names;
}

function whole(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least) throw new Error(`${option} ${text}: a whole number from ${least} on`);
  return number;
}

const wholes = (option: string, text: string, least: number): readonly number[] => [
  ...new Set(text.split(',').map((each) => whole(option, each, least))),
];
