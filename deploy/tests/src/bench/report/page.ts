import type { Facts } from './facts';

/** What the page says of an engine. */
export interface Described {
  readonly name: string;
  readonly about: string;
}

/** One case, and the files of its plots in the folder beside the page. */
export interface PageCase {
  readonly lines: readonly string[];
  readonly plots: readonly { readonly file: string; readonly plot: { readonly title: string } }[];
}

/** Beside the page, by its name. */
export const PLOTS = 'benchmarks';

/** What was measured, on what, and how to do it again; then the cases. */
export function page(facts: Facts, engines: readonly Described[], cases: readonly PageCase[]): string {
  const head = [
    '<!-- Written by npm run bench -- --page -->',
    '',
    '# Benchmarks',
    '',
    'Measured in one sitting: the engines take turns on one machine, each time on fresh data, and each figure is the median of its runs. A run',
    'is dropped when other programs took more than 5 % of the machine’s CPU; a sitting fails when a step, a call or a result is wrong.',
    'Engines and load share the cores, so that a rate is of both together; CPU time is told for each process, the harness’s in parentheses.',
    '`deploy/tests/src/bench/README.md` says what is counted.',
    '',
    `- Commit: ${facts.commit}`,
    `- Date: ${facts.date}`,
    `- Machine: ${facts.machine}`,
    `- Command: \`${facts.command}\``,
    ...engines.map(({ name, about }) => `- ${name}: ${about}`),
  ];
  return `${[...head, ...cases.flatMap(({ lines, plots }) => ['', ...lines, ...plots.flatMap(imageOf)])].join('\n')}\n`;
}

const imageOf = ({ file, plot }: PageCase['plots'][number]): string[] => ['', `![${plot.title}](${PLOTS}/${file})`];
