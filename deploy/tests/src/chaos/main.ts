import { parseArgs } from 'node:util';
import { chaos } from './chaos';
import { SELECTIONS, type Selection } from './faults/selection';
import { report } from './report';

/*
 * `npm run chaos -- --minutes 10 --seed 7 --members 2 --replicas 3 --in-flight 40`, or `--faults kills --count 200`.
 * Exit code 1 when anything acknowledged was broken.
 */

/** When it is the number of faults that ends it. */
const LONGEST_MINUTES = 60;

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
// So that what is to be done on every exit is done.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      count: { type: 'string' },
      faults: { type: 'string', default: 'all' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      members: { type: 'string', default: '2' },
      replicas: { type: 'string', default: '1' },
      'in-flight': { type: 'string', default: '30' },
    },
  });
  const seed = Number(values.seed);
  const faults = SELECTIONS.find((each) => each === values.faults);
  if (faults === undefined) throw new Error(`--faults ${values.faults}: there are ${SELECTIONS.join(', ')}`);
  const minutes = Number(values.minutes ?? (values.count === undefined ? 10 : LONGEST_MINUTES));
  const startedAt = performance.now();
  write(headline(faults, minutes, values));
  const result = await chaos({
    seed,
    faults,
    forMs: minutes * 60_000,
    ...(values.count === undefined ? {} : { count: Number(values.count) }),
    members: values.members === '1' ? 1 : 2,
    replicas: values.replicas === '3' ? 3 : 1,
    inFlight: Number(values['in-flight']),
    say: (line) => {
      write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(8)} s  ${line}`);
    },
  });
  write('');
  for (const line of report(result)) write(line);
  write(`seed ${seed}`);
  return result.violations.length === 0 ? 0 : 1;
}

function headline(
  faults: Selection,
  minutes: number,
  { count, seed, members, replicas }: Readonly<Record<'seed' | 'members' | 'replicas', string>> & { count?: string },
): string {
  const length = count === undefined ? `${minutes} minutes` : `${count} faults`;
  return `chaos (${faults}) for ${length}, seed ${seed}, ${members} process(es) of each service, ${replicas} mongod(s)`;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    // At once: users would go on trying for minutes.
    process.exit(2);
  },
);
